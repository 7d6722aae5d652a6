# Profile-guided optimisation (NESCSIM_PROFILE): the rooms are built once with counters in an inner build, that tool runs
# some of configs/, and what it counted guides the build proper. Results do not depend on it, only speed does.
set(NESCSIM_PROFILE_FLAGS)
if(NESCSIM_PROFILE AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION VERSION_GREATER_EQUAL 12)
	set(folder ${PROJECT_BINARY_DIR}/profile)
	file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.[ch] ${PROJECT_SOURCE_DIR}/src/*.def)
	add_custom_command(OUTPUT ${folder}/done
		COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DSOURCE=${PROJECT_SOURCE_DIR} -DGENERATOR=${CMAKE_GENERATOR}
			-DLTO=${NESCSIM_LTO} -DCOMPILER=${CMAKE_C_COMPILER} -P ${PROJECT_SOURCE_DIR}/cmake/train.cmake
		DEPENDS ${sources} ${PROJECT_SOURCE_DIR}/cmake/train.cmake
		COMMENT "Finding out what runs often (a build of its own)"
		USES_TERMINAL VERBATIM)
	add_custom_target(nescsim_profile DEPENDS ${folder}/done)
	set(NESCSIM_PROFILE_FLAGS -fprofile-use=${folder}/data -fprofile-prefix-path=${PROJECT_BINARY_DIR} -fprofile-correction
		-Wno-missing-profile -Wno-coverage-mismatch)
endif()
