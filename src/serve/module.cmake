# The files of web/ are linked in as read-only data; see page.S.
set(zd_page_object ${CMAKE_BINARY_DIR}/page.o)
file(GLOB zd_page_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/*)
add_custom_command(
  OUTPUT ${zd_page_object}
  COMMAND ${CMAKE_C_COMPILER} -c -Wa,-I${CMAKE_SOURCE_DIR}/web ${dir}/page.S -o ${zd_page_object}
  DEPENDS ${zd_page_files} ${dir}/page.S
  COMMENT "Embedding the start page"
  VERBATIM)
set_source_files_properties(${zd_page_object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
list(APPEND sources ${zd_page_object})
