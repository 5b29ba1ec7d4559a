# `cpack` in the build folder: the Debian packages twofold (the program), libtwofold and libtwofold-dev. tools/package.sh configures
# a build of its own for them, so that the libraries go where Debian has them.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR twofold)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own, in the first line of its description
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program library development)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "twofold maintainers <maintainers@twofold.example>")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "compare a frozen text encoder with fine-tuning, on the CPU
Trains a bag of words, a frozen DistilBERT or BERT encoder with a linear
model on top, and the same encoder fine-tuned, on the same labelled texts;
scores and times them, writes one report that says which of them to use and
how sure that is, and then answers texts with the one chosen.

Models and data are read and written in the formats of Hugging Face. Nothing
is downloaded, and no Python is needed.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME twofold)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)

# Another ABI is another package, so that both can be installed.
set(library_package libtwofold${twofold_abi})
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "text classification on frozen or fine-tuned encoders (library)
Reads labelled texts, runs and fine-tunes DistilBERT and BERT encoders on the
CPU, trains linear models on their features, and scores and compares models.

This package holds the shared library.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")

set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "text classification on frozen or fine-tuned encoders (headers)
Reads labelled texts, runs and fine-tunes DistilBERT and BERT encoders on the
CPU, trains linear models on their features, and scores and compares models.

This package holds what programs are built with: headers, static library,
pkg-config file and CMake package.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libtwofold-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${library_package} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS # what programs need that link the static library
  "libcairo2-dev, libcjson-dev, libdnnl-dev, libfontconfig-dev, libfribidi-dev, liblinear-dev, libopenblas-openmp-dev, libutf8proc-dev, zlib1g-dev")

# What Debian asks of every package: its licence, and what changed.
set(documents ${PROJECT_BINARY_DIR}/debian)
file(MAKE_DIRECTORY ${documents})
execute_process(COMMAND ${GZIP_PROGRAM} -9nc ${PROJECT_SOURCE_DIR}/cmake/debian/changelog OUTPUT_FILE ${documents}/changelog.gz
  COMMAND_ERROR_IS_FATAL ANY)
foreach(package program:twofold library:${library_package} development:libtwofold-dev)
  string(REPLACE ":" ";" package ${package})
  list(GET package 0 component)
  list(GET package 1 name)
  install(FILES cmake/debian/copyright ${documents}/changelog.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name}
    COMPONENT ${component})
endforeach()
set(CPACK_POST_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package_finish.cmake)
include(CPack)
