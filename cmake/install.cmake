# What `cmake --install` puts beside the library (cmake/library.cmake): the tool and its data.

if(TARGET nescsim_cli)
	# build/<preset>/nescsim, where the scripts look for it.
	set_target_properties(nescsim_cli PROPERTIES OUTPUT_NAME nescsim RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
	if(BUILD_SHARED_LIBS)
		file(RELATIVE_PATH up ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
		set_target_properties(nescsim_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${up}")
	endif()
	install(TARGETS nescsim_cli DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# configs/ name their traces as ../traces/..., so the two stay side by side.
foreach(folder configs traces)
	if(EXISTS ${PROJECT_SOURCE_DIR}/${folder})
		install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_DATADIR}/nescsim)
	endif()
endforeach()
