# twofold_room(NAME FILES a.c … USES room … LIBRARIES pkg-config-or-library …): one static library a room.
find_package(Threads REQUIRED)

function(twofold_room name)
  cmake_parse_arguments(ROOM "" "" "FILES;USES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${ROOM_FILES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_LIBRARIES})
endfunction()

# What a sanitizer must know of libraries; each line in these files has a reason. OpenBLAS stays on one thread by itself in the program;
# here it is told so before it starts any.
set(TWOFOLD_SANITIZER_ENVIRONMENT
  "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp"
  "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp"
  "OPENBLAS_NUM_THREADS=1")

# twofold_test(NAME USES room … [DATA folder]): tests/NAME.c becomes the ctest entry NAME. A test that exits with 77 is
# a skip that has said why.
function(twofold_test name)
  cmake_parse_arguments(TEST "" "TIMEOUT" "USES;FILES" ${ARGN})
  add_executable(${name} ${name}.c ${TEST_FILES})
  target_link_libraries(${name} PRIVATE ${TEST_USES} cmocka m)
  target_compile_definitions(${name} PRIVATE TESTS_FOLDER="${PROJECT_SOURCE_DIR}/tests" SOURCE_FOLDER="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 300)
  endif()
  if(TWOFOLD_INSTRUMENTED)
    math(EXPR TEST_TIMEOUT "${TEST_TIMEOUT} * 6")
  endif()
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${TEST_TIMEOUT})
  if(TWOFOLD_SANITIZE)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${TWOFOLD_SANITIZER_ENVIRONMENT}")
  endif()
endfunction()
