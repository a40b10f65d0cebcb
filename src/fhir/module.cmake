# The definitions are compiled into an image by tools/definitions and linked in as read-only data.
# Assembled outside of the C flags, so that link-time optimisation and sanitizers leave it alone.
set(ZD_DEFINITIONS ${CMAKE_SOURCE_DIR}/node_modules/hl7.fhir.r4.examples
    CACHE PATH "folder of the unpacked npm package hl7.fhir.r4.examples@4.0.1")
set(zd_image ${CMAKE_BINARY_DIR}/r4.zdschema)
set(zd_image_object ${CMAKE_BINARY_DIR}/schema_r4.o)
set(zd_image_lock)
if(EXISTS ${CMAKE_SOURCE_DIR}/package-lock.json)
  set(zd_image_lock ${CMAKE_SOURCE_DIR}/package-lock.json)
endif()
add_custom_command(
  OUTPUT ${zd_image}
  COMMAND zd_definitions ${ZD_DEFINITIONS} ${zd_image}
  DEPENDS zd_definitions ${zd_image_lock}
  COMMENT "Compiling the FHIR definitions"
  VERBATIM)
add_custom_command(
  OUTPUT ${zd_image_object}
  COMMAND ${CMAKE_C_COMPILER} -c -DZD_IMAGE=\"${zd_image}\" ${dir}/schema/schema_r4.S -o ${zd_image_object}
  DEPENDS ${zd_image} ${dir}/schema/schema_r4.S
  COMMENT "Embedding the FHIR definitions"
  VERBATIM)
set_source_files_properties(${zd_image_object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
list(APPEND sources ${zd_image_object})
