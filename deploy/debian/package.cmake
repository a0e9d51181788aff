# The Debian packages ringpost (server, unit, configuration, man pages) and ringpost-bench (load generator and sink), by CPack's
# own generator:  cmake --build --preset release && cpack --preset deb    (docs/debian.md)
include(GNUInstallDirs)
set(package ${CMAKE_SOURCE_DIR}/deploy/debian)
set(systemd ${CMAKE_SOURCE_DIR}/deploy/systemd)
set(RINGPOST_PACKAGE_RELEASE 1 CACHE STRING "Debian revision of the packages")

install(TARGETS ringpost RUNTIME DESTINATION bin COMPONENT server)
install(TARGETS ringpost-bench RUNTIME DESTINATION bin COMPONENT bench)
install(FILES ${systemd}/ringpost.service ${systemd}/ringpost.socket DESTINATION /lib/systemd/system COMPONENT server)
install(FILES ${systemd}/sysusers.conf DESTINATION lib/sysusers.d RENAME ringpost.conf COMPONENT server)
install(FILES ${systemd}/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME ringpost.conf COMPONENT server)
install(FILES ${package}/ringpost.toml DESTINATION /etc/ringpost COMPONENT server)
install(FILES ${CMAKE_SOURCE_DIR}/README.md DESTINATION share/doc/ringpost COMPONENT server)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION share/doc/ringpost COMPONENT server PATTERN testing.md EXCLUDE)

# install_compressed(FILE PATH COMPONENT): gzip -9n, as Debian Policy 12 asks of man pages and changelogs.
function(install_compressed file path component)
  get_filename_component(folder ${path} DIRECTORY)
  get_filename_component(name ${path} NAME)
  set(made ${CMAKE_BINARY_DIR}/package/${component}/${name}.gz)
  install(CODE "
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/package/${component})
    execute_process(COMMAND gzip -9nc ${file} OUTPUT_FILE ${made} COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL ${made} DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${folder}\")" COMPONENT ${component})
endfunction()

install_compressed(${CMAKE_SOURCE_DIR}/deploy/man/ringpost.8 share/man/man8/ringpost.8 server)
install_compressed(${CMAKE_SOURCE_DIR}/deploy/man/ringpost.toml.5 share/man/man5/ringpost.toml.5 server)
install_compressed(${CMAKE_SOURCE_DIR}/deploy/man/ringpost-bench.1 share/man/man1/ringpost-bench.1 bench)

string(TIMESTAMP RINGPOST_PACKAGE_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH where it is set
set(CPACK_PACKAGE_CONTACT "Ringpost maintainers <maintainers@ringpost.example>")
foreach(component IN ITEMS server bench)
  set(RINGPOST_PACKAGE ringpost)
  if(component STREQUAL "bench")
    set(RINGPOST_PACKAGE ringpost-bench)
  endif()
  configure_file(${package}/changelog.in ${CMAKE_BINARY_DIR}/package/${component}/changelog @ONLY)
  install_compressed(${CMAKE_BINARY_DIR}/package/${component}/changelog
    share/doc/${RINGPOST_PACKAGE}/changelog.Debian ${component})
  install_compressed(${CMAKE_SOURCE_DIR}/CHANGELOG.md share/doc/${RINGPOST_PACKAGE}/changelog ${component})
  install(FILES ${package}/copyright DESTINATION share/doc/${RINGPOST_PACKAGE} COMPONENT ${component})
  install(FILES ${package}/${RINGPOST_PACKAGE}.lintian-overrides DESTINATION share/lintian/overrides
    RENAME ${RINGPOST_PACKAGE} COMPONENT ${component})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ringpost)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)  # there are files outside of the prefix
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
  WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL server bench)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${RINGPOST_PACKAGE_RELEASE})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)

set(CPACK_DEBIAN_SERVER_PACKAGE_NAME ringpost)
set(CPACK_COMPONENT_SERVER_DESCRIPTION "mail transfer agent for high-volume relay
Ringpost takes mail over SMTP from applications, people and other servers,
decides what they may send, keeps it safe in a queue on disk, and delivers it
to next hops, LMTP stores and Maildirs.

It runs one thread per core on io_uring, authenticates with SASL, speaks TLS
1.2 and 1.3 with DANE and MTA-STS, and is steered through an HTTP API and a
command line.")
set(CPACK_DEBIAN_SERVER_PACKAGE_DEPENDS "init-system-helpers (>= 1.54~), dns-root-data, \
systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_SERVER_PACKAGE_SUGGESTS "ringpost-bench")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA ${package}/conffiles ${package}/postinst ${package}/prerm ${package}/postrm)

set(CPACK_DEBIAN_BENCH_PACKAGE_NAME ringpost-bench)
set(CPACK_COMPONENT_BENCH_DESCRIPTION "load generator and sink for mail servers
Sends mail over many SMTP sessions at once, with TLS and logins, and measures
throughput and latency; or takes any mail, counts it and misbehaves where
told to.

It comes with Ringpost and works with any mail server.")

include(CPack)
