# The tables of UCUM are compiled into a C file by tools/units: every unit in base units.
set(ZD_UCUM ${CMAKE_SOURCE_DIR}/node_modules/@atomic-ehr/ucum
    CACHE PATH "folder of the unpacked npm package @atomic-ehr/ucum@0.2.5")
set(ucum_table ${CMAKE_BINARY_DIR}/ucum_table.c)
set(ucum_lock)
if(EXISTS ${CMAKE_SOURCE_DIR}/package-lock.json)
  set(ucum_lock ${CMAKE_SOURCE_DIR}/package-lock.json)
endif()
add_custom_command(
  OUTPUT ${ucum_table}
  COMMAND zd_units ${ZD_UCUM} ${ucum_table}
  DEPENDS zd_units ${ucum_lock}
  COMMENT "Compiling the units of UCUM"
  VERBATIM)
list(APPEND sources ${ucum_table})
