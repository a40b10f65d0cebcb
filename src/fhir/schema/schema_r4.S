/* The compiled definitions as read-only data. ZD_IMAGE is the file's path, given by the build. */
  .section .rodata.zd_schema_r4, "a", %progbits
  .balign 64
  .globl zd_schema_r4_image
  .type zd_schema_r4_image, %object
zd_schema_r4_image:
  .incbin ZD_IMAGE
  .size zd_schema_r4_image, . - zd_schema_r4_image
  .section .note.GNU-stack, "", %progbits
