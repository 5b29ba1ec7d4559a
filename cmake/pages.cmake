# Man pages and bash's completion, written by the program itself from its tables of commands and flags. Included it makes the
# target `pages` and installs them; as a script (-DPROGRAM=… -DOUTPUT=… -DGZIP=…) it is what that target runs.
if(CMAKE_SCRIPT_MODE_FILE)
  function(write_page file)
    execute_process(COMMAND ${PROGRAM} help --output_format ${ARGN} OUTPUT_FILE ${file} COMMAND_ERROR_IS_FATAL ANY)
  endfunction()
  file(REMOVE_RECURSE ${OUTPUT})
  file(MAKE_DIRECTORY ${OUTPUT}/man)
  write_page(${OUTPUT}/twofold.bash bash)
  write_page(${OUTPUT}/man/twofold.1 man)
  file(STRINGS ${OUTPUT}/man/twofold.1 lines REGEX "^.fBtwofold.-[a-z]+.fR")
  foreach(line ${lines}) # one page for each command that the first one names
    string(REGEX REPLACE "^.fBtwofold.-([a-z]+).*" "\\1" command "${line}")
    write_page(${OUTPUT}/man/twofold-${command}.1 man ${command})
  endforeach()
  file(GLOB pages ${OUTPUT}/man/*.1)
  execute_process(COMMAND ${GZIP} -9n ${pages} COMMAND_ERROR_IS_FATAL ANY)
  return()
endif()

find_program(GZIP_PROGRAM gzip REQUIRED)
set(pages ${PROJECT_BINARY_DIR}/pages)
add_custom_command(OUTPUT ${pages}/twofold.bash
  COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:twofold> -DOUTPUT=${pages} -DGZIP=${GZIP_PROGRAM}
    -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS twofold ${CMAKE_CURRENT_LIST_FILE} COMMENT "Writing man pages and completion" VERBATIM)
add_custom_target(pages ALL DEPENDS ${pages}/twofold.bash)
install(DIRECTORY ${pages}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES ${pages}/twofold.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME twofold
  COMPONENT program)
