# Black-box tests of the program over HTTP and the command line, a server per file (node --test).
find_program(ZD_NODE NAMES node nodejs REQUIRED)
file(GLOB zd_api_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.test.mjs)
foreach(test IN LISTS zd_api_tests)
  get_filename_component(stem ${test} NAME_WE)
  add_test(NAME api/${stem} COMMAND ${ZD_NODE} --test ${test})
  set_tests_properties(api/${stem} PROPERTIES LABELS api TIMEOUT 600
    ENVIRONMENT "ZD_PROGRAM=$<TARGET_FILE:zdravo>;ZD_SHARED=${CMAKE_SOURCE_DIR}/../shared")
endforeach()
