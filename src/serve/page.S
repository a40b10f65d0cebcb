/* Files of the start page as read-only data. ZD_WEB is their folder, given by the build. */
#define FILE(name, file)       \
  .globl zd_web_##name;        \
  .globl zd_web_##name##_end;  \
  zd_web_##name: .incbin file; \
  zd_web_##name##_end: .byte 0;
  .section .rodata.zd_web, "a", %progbits
FILE(index_html, ZD_WEB "/index.html")
FILE(start_js, ZD_WEB "/start.js")
FILE(start_css, ZD_WEB "/start.css")
  .section .note.GNU-stack, "", %progbits
