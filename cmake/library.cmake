# libtwofold, shared and static, from the objects that the rooms are built of anyway; and `cmake --install`: the program, both
# libraries, the public headers, a pkg-config file and a CMake package. docs/LIBRARY.md says how a program uses them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# A public header says so itself, by `#pragma GCC visibility push(default)`: its functions are what libtwofold.so exports.
# tests/test_install.sh compares this list with the headers that do.
set(TWOFOLD_PUBLIC_HEADERS
  classifiers/classifier.h classifiers/dummy.h classifiers/linear_model.h
  common/error.h common/file.h common/json.h common/memory.h common/observer.h common/parallel.h common/sha256.h common/utf8.h
  compare/linear_entry.h compare/text_model.h
  datasets/dataset.h datasets/load.h datasets/options.h
  encoder/batch.h encoder/config.h encoder/dtype.h encoder/encoder.h encoder/text_encoder.h encoder/tokenizer.h encoder/tokens.h encoder/weights.h
  features/cache.h features/extract.h features/features.h features/npy.h features/tfidf.h
  finetune/finetune.h finetune/options.h
  metrics/confusion.h metrics/intervals.h metrics/paired_tests.h metrics/predictions.h metrics/scores.h)

set(library_rooms common datasets metrics encoder features classifiers finetune compare)
set(library_objects)
set(library_needs) # as a linker takes them: names where it looks by itself, else paths
foreach(room ${library_rooms})
  list(APPEND library_objects $<TARGET_OBJECTS:${room}>)
  get_target_property(more_objects ${room} SOURCES) # objects of objects: the encoder's kernels
  list(FILTER more_objects INCLUDE REGEX "TARGET_OBJECTS")
  list(APPEND library_objects ${more_objects})
  get_target_property(needs ${room} LINK_LIBRARIES)
  foreach(need ${needs})
    if(need STREQUAL "Threads::Threads")
      set(need pthread)
    elseif(IS_ABSOLUTE "${need}")
      get_filename_component(folder ${need} DIRECTORY)
      if(folder IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
        get_filename_component(need ${need} NAME_WE)
        string(REGEX REPLACE "^lib" "" need ${need})
      endif()
    endif()
    if(NOT need IN_LIST library_rooms AND NOT need MATCHES "^-Wl,--undefined") # whoever links the library decides which BLAS
      list(APPEND library_needs ${need})
    endif()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES library_needs)

add_library(twofold_shared SHARED ${library_objects})
add_library(twofold_static STATIC ${library_objects})
foreach(library twofold_shared twofold_static)
  target_link_libraries(${library} PRIVATE ${library_needs})
  target_include_directories(${library} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/twofold>)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME twofold LINKER_LANGUAGE C)
endforeach()
# Before 1.0 any minor version may change the interface, so it is part of the SONAME.
set(twofold_abi ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set_target_properties(twofold_shared PROPERTIES EXPORT_NAME twofold VERSION ${PROJECT_VERSION} SOVERSION ${twofold_abi})
set_target_properties(twofold_static PROPERTIES EXPORT_NAME static)
# The names have no common prefix (pool_new, argmax): bound to each other inside, and versioned outside, they are not taken for
# another library's of the same name.
file(WRITE ${PROJECT_BINARY_DIR}/twofold.map "TWOFOLD_${twofold_abi} { global: *; };\n")
target_link_options(twofold_shared PRIVATE -Wl,-Bsymbolic-functions -Wl,--version-script=${PROJECT_BINARY_DIR}/twofold.map)
if(NOT TWOFOLD_SANITIZE AND NOT TWOFOLD_FUZZ) # whose run time is the program's
  target_link_options(twofold_shared PRIVATE -Wl,--no-undefined)
endif()

# ---- installed ----

# Components, which are also the packages of cmake/package.cmake: program, library, development.
install(TARGETS twofold RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(TARGETS twofold_shared twofold_static EXPORT twofold
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
foreach(header ${TWOFOLD_PUBLIC_HEADERS})
  get_filename_component(room ${header} DIRECTORY)
  install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/twofold/${room} COMPONENT development)
endforeach()

set(twofold_package ${CMAKE_INSTALL_LIBDIR}/cmake/twofold)
install(EXPORT twofold NAMESPACE twofold:: FILE twofoldConfig.cmake DESTINATION ${twofold_package} COMPONENT development)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/twofoldConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/twofoldConfigVersion.cmake DESTINATION ${twofold_package} COMPONENT development)

# Found from the file's own place, so that the whole may be moved or installed with another --prefix.
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH pc_up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /.)
  string(REGEX REPLACE "/$" "" pc_up ${pc_up})
  set(pc_prefix "\${pcfiledir}/${pc_up}")
endif()
set(pc_libdir "\${prefix}")
set(pc_includedir "\${prefix}")
cmake_path(APPEND pc_libdir ${CMAKE_INSTALL_LIBDIR})
cmake_path(APPEND pc_includedir ${CMAKE_INSTALL_INCLUDEDIR} twofold)
set(pc_needs "")
foreach(need ${library_needs})
  if(NOT IS_ABSOLUTE ${need})
    set(need -l${need})
  endif()
  string(APPEND pc_needs " ${need}")
endforeach()
configure_file(cmake/twofold.pc.in ${PROJECT_BINARY_DIR}/twofold.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/twofold.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
