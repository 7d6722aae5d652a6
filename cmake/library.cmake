# The library `nescsim`: all rooms in one object that shows nothing but nescsim_* symbols, so that a program that
# links it (the command-line tool is one) can neither use nor collide with what is inside the rooms.

# Sets pc_requires and pc_libs (the .pc file's dependencies) in the caller; libs as for target_link_libraries.
function(nescsim_pc_dependencies libs)
	set(requires)
	set(plain)
	foreach(lib ${libs})
		if(lib MATCHES "^PkgConfig::(.*)$")
			list(APPEND requires ${NESCSIM_PC_${CMAKE_MATCH_1}})
		else()
			list(APPEND plain -l${lib})
		endif()
	endforeach()
	list(JOIN requires " " requires)
	list(JOIN plain " " plain)
	set(pc_requires "${requires}" PARENT_SCOPE)
	set(pc_libs "${plain}" PARENT_SCOPE)
endfunction()

function(nescsim_library)
	get_property(rooms GLOBAL PROPERTY NESCSIM_ROOMS)
	get_property(libs GLOBAL PROPERTY NESCSIM_LIBS)
	if(NOT rooms)
		return()
	endif()
	list(REMOVE_DUPLICATES libs)

	set(objects)
	foreach(room ${rooms})
		list(APPEND objects $<TARGET_OBJECTS:${room}>)
	endforeach()
	string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
	separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}}")
	if(CMAKE_INTERPROCEDURAL_OPTIMIZATION)
		# Optimise across the rooms here: what is installed is plain machine code.
		list(APPEND flags -flto=auto -fPIC -flinker-output=nolto-rel)
	endif()
	set(object ${CMAKE_CURRENT_BINARY_DIR}/nescsim.o)
	add_custom_command(
		OUTPUT ${object}
		COMMAND ${CMAKE_C_COMPILER} ${flags} -r -nostdlib -o ${object}.all ${objects}
		COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=nescsim_* ${object}.all ${object}
		DEPENDS ${rooms} ${objects}
		COMMENT "Combining the rooms into nescsim.o"
		COMMAND_EXPAND_LISTS VERBATIM)

	add_library(nescsim ${object})
	add_library(nescsim::nescsim ALIAS nescsim)
	set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
	set_target_properties(nescsim PROPERTIES LINKER_LANGUAGE C VERSION ${PROJECT_VERSION}
		SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
	target_include_directories(nescsim INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
		$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
	target_link_libraries(nescsim PRIVATE ${libs})
	if(NESCSIM_SANITIZE)
		target_link_options(nescsim PUBLIC -fsanitize=address,undefined)
	endif()

	install(TARGETS nescsim EXPORT nescsim LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
		ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
	install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/nescsim DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
		FILES_MATCHING PATTERN "*.h")

	set(package ${CMAKE_INSTALL_LIBDIR}/cmake/nescsim)
	set(NESCSIM_FIND_DEPENDENCIES "")
	get_target_property(kind nescsim TYPE)
	if(kind STREQUAL "STATIC_LIBRARY")
		foreach(lib ${libs})
			if(lib MATCHES "^PkgConfig::(.*)$")
				set(name ${CMAKE_MATCH_1})
				string(APPEND NESCSIM_FIND_DEPENDENCIES
					"pkg_check_modules(${name} REQUIRED QUIET IMPORTED_TARGET ${NESCSIM_PC_${name}})\n")
			endif()
		endforeach()
		if(NESCSIM_FIND_DEPENDENCIES)
			string(PREPEND NESCSIM_FIND_DEPENDENCIES
				"include(CMakeFindDependencyMacro)\nfind_dependency(PkgConfig)\n")
		endif()
	endif()
	configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/nescsimConfig.cmake.in nescsimConfig.cmake
		INSTALL_DESTINATION ${package} NO_SET_AND_CHECK_MACRO)
	write_basic_package_version_file(nescsimConfigVersion.cmake COMPATIBILITY SameMinorVersion)
	install(EXPORT nescsim NAMESPACE nescsim:: FILE nescsimTargets.cmake DESTINATION ${package})
	install(FILES ${CMAKE_CURRENT_BINARY_DIR}/nescsimConfig.cmake
		${CMAKE_CURRENT_BINARY_DIR}/nescsimConfigVersion.cmake DESTINATION ${package})

	# A static library's own dependencies must be linked by everyone. They are not Requires.private, because
	# `pkg-config --static` also asks for the private libraries of libarchive, which Debian does not install.
	nescsim_pc_dependencies("${libs}")
	if(kind STREQUAL "STATIC_LIBRARY")
		set(NESCSIM_PC_DEPENDENCIES "Requires: ${pc_requires}")
		set(NESCSIM_PC_LIBS "-lnescsim ${pc_libs}")
	else()
		set(NESCSIM_PC_DEPENDENCIES "Requires.private: ${pc_requires}")
		set(NESCSIM_PC_LIBS "-lnescsim")
	endif()
	file(RELATIVE_PATH NESCSIM_PC_UP ${CMAKE_INSTALL_FULL_LIBDIR} ${CMAKE_INSTALL_PREFIX})
	configure_file(${PROJECT_SOURCE_DIR}/cmake/nescsim.pc.in nescsim.pc @ONLY)
	install(FILES ${CMAKE_CURRENT_BINARY_DIR}/nescsim.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
