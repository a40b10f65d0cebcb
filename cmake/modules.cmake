# One folder of src/ is one module: its sources, its tests beside them, its fuzz targets.
#
#   zd_module(store USES base LIBS zstd)
#
# makes the static library zd_store from src/store/**/*.c, one test program per *_test.c (labelled
# with the module's name), and, with ZD_FUZZ, one libFuzzer program per *_fuzz.c. Nothing has to be
# listed by hand: a new file is found when it is there. Empty modules are fine.
#
# Targets: `tests` (all test programs), `tests_store` (one module's), `fuzzers` (with ZD_FUZZ).
# Files under src/<module>/testing/ are help for tests: the library zd_<module>_testing, linked into the
# module's tests. No shipped program holds them.
# A module that needs more than this says it in src/<module>/module.cmake, which is included with
# `sources` (a list it may add to) and `dir` set.

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(LibXml2 REQUIRED)
foreach(lib IN ITEMS uv zstd z cmocka)
  string(TOUPPER ${lib} upper)
  find_library(ZD_LIB_${upper} ${lib})
  if(NOT ZD_LIB_${upper})
    message(FATAL_ERROR "lib${lib} is not installed: run `make deps`")
  endif()
endforeach()

add_custom_target(tests)
add_custom_target(fuzzers)

# What every file of ours is compiled with.
function(zd_flags target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
    -Wcast-qual -Wwrite-strings -Wvla -fno-common -fstack-protector-strong)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE ZD_VERSION="${PROJECT_VERSION}")
  target_link_options(${target} PRIVATE -Wl,-z,relro,-z,now,--as-needed)
  if(ZD_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${ZD_SANITIZE} -fno-omit-frame-pointer
      -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${ZD_SANITIZE})
  else()
    target_compile_definitions(${target} PRIVATE
      $<$<CONFIG:RelWithDebInfo,Release>:_FORTIFY_SOURCE=2>)
  endif()
  if(ZD_LTO)
    target_link_options(${target} PRIVATE -fno-lto) # see zd_program
  endif()
endfunction()

# A program that is shipped or measured: zd_flags, and optimised as a whole with ZD_LTO. Objects
# of libraries then hold both forms of code, so that tests link in an instant without it.
function(zd_program target)
  zd_flags(${target})
  if(ZD_LTO)
    target_compile_options(${target} PRIVATE -flto=auto -ffat-lto-objects)
    target_link_options(${target} PRIVATE -flto=auto)
  endif()
endfunction()

# Out of memory is an answer, also under a sanitizer; the first race ends the program.
set(ZD_TEST_ENVIRONMENT
  ASAN_OPTIONS=allocator_may_return_null=1:detect_stack_use_after_return=1
  UBSAN_OPTIONS=print_stacktrace=1
  TSAN_OPTIONS=allocator_may_return_null=1:halt_on_error=1:second_deadlock_stack=1)

function(zd_module_tests name)
  add_custom_target(tests_${name})
  set(help)
  file(GLOB testing CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/testing/*.c)
  if(testing AND NOT name STREQUAL base) # that of base is zd_testing
    set(help zd_${name}_testing)
    add_library(${help} STATIC ${testing})
    zd_flags(${help})
    target_link_libraries(${help} PUBLIC zd_${name} zd_testing)
  endif()
  add_dependencies(tests tests_${name})
  foreach(file IN LISTS ARGN)
    get_filename_component(stem ${file} NAME_WE)
    set(test ${name}_${stem})
    add_executable(${test} ${file})
    zd_flags(${test})
    target_compile_definitions(${test} PRIVATE
      ZD_SOURCE_DIR="${CMAKE_SOURCE_DIR}" ZD_BINARY_DIR="${CMAKE_BINARY_DIR}")
    target_link_libraries(${test} PRIVATE ${help} zd_${name} zd_testing ${ZD_LIB_CMOCKA})
    add_test(NAME ${name}/${stem} COMMAND ${test})
    set_tests_properties(${name}/${stem} PROPERTIES LABELS ${name} TIMEOUT 900
      ENVIRONMENT "${ZD_TEST_ENVIRONMENT}")
    add_dependencies(tests_${name} ${test})
  endforeach()
endfunction()

function(zd_module_fuzzers name)
  foreach(file IN LISTS ARGN)
    get_filename_component(stem ${file} NAME_WE)
    set(fuzzer ${name}_${stem})
    add_executable(${fuzzer} ${file})
    zd_flags(${fuzzer})
    target_compile_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
    target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${fuzzer} PRIVATE zd_${name})
    add_dependencies(fuzzers ${fuzzer})
  endforeach()
endfunction()

function(zd_module name)
  cmake_parse_arguments(M "" "" "USES;LIBS" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${dir}/*.c)
  list(FILTER all EXCLUDE REGEX "/testing/[^/]*\\.c$")
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.c$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.c$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.c$")
  if(EXISTS ${dir}/module.cmake)
    include(${dir}/module.cmake) # may add to `sources`: generated or foreign files
  endif()
  list(TRANSFORM M_USES PREPEND zd_ OUTPUT_VARIABLE uses)
  if(sources)
    add_library(zd_${name} STATIC ${sources})
    zd_flags(zd_${name})
    if(ZD_LTO)
      target_compile_options(zd_${name} PRIVATE -flto=auto -ffat-lto-objects)
    endif()
    target_include_directories(zd_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(zd_${name} PUBLIC ${uses} ${M_LIBS})
  else()
    add_library(zd_${name} INTERFACE)
    target_include_directories(zd_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(zd_${name} INTERFACE ${uses} ${M_LIBS})
  endif()
  zd_module_tests(${name} ${tests})
  if(ZD_FUZZ)
    zd_module_fuzzers(${name} ${fuzzers})
  endif()
endfunction()

# Help for tests, linked into every test program: allocations that fail on demand.
file(GLOB testing CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*/testing/*.c)
add_library(zd_testing STATIC ${testing})
zd_flags(zd_testing)
target_include_directories(zd_testing PUBLIC ${CMAKE_SOURCE_DIR}/src)
# --undefined: archives later on the command line need it although the test itself may not.
target_link_options(zd_testing INTERFACE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
  -Wl,--undefined=__wrap_malloc)
