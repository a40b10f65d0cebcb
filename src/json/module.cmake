# One scan variant per processor; the files of other processors compile to nothing.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set_source_files_properties(${dir}/scan_avx2.c PROPERTIES COMPILE_OPTIONS -mavx2)
endif()
