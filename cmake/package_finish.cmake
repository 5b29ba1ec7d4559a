# Run by cpack on the packages it has made. CPack 3.25 gives a package with a shared library two scripts that call ldconfig, where
# Debian wants a trigger: one call for all the packages of an installation. That one package is opened, mended and closed again.
foreach(package ${CPACK_PACKAGE_FILES})
  set(folder ${package}.open)
  file(REMOVE_RECURSE ${folder})
  execute_process(COMMAND dpkg-deb --raw-extract ${package} ${folder} COMMAND_ERROR_IS_FATAL ANY)
  if(EXISTS ${folder}/DEBIAN/shlibs)
    file(REMOVE ${folder}/DEBIAN/postinst ${folder}/DEBIAN/postrm)
    file(WRITE ${folder}/DEBIAN/triggers "activate-noawait ldconfig\n")
    execute_process(COMMAND dpkg-deb --root-owner-group -Zxz --build ${folder} ${package} COMMAND_ERROR_IS_FATAL ANY
      OUTPUT_QUIET)
  endif()
  file(REMOVE_RECURSE ${folder})
endforeach()
