/* Files of the start page as read-only data; the build names their folder (-I). */
#define FILE(name, file)       \
  .globl zd_web_##name;        \
  .globl zd_web_##name##_end;  \
  zd_web_##name: .incbin file; \
  zd_web_##name##_end: .byte 0;
  .section .rodata.zd_web, "a", %progbits
FILE(index_html, "index.html")
FILE(start_js, "start.js")
FILE(start_css, "start.css")
  .section .note.GNU-stack, "", %progbits
