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
	# Records of 100 to 400 bytes are copied by moves: the string instructions that GCC takes cost more than they do.
	include(CheckCCompilerFlag)
	foreach(what memcpy memset)
		set(flag -m${what}-strategy=unrolled_loop:1024:noalign,libcall:-1:noalign)
		check_c_compiler_flag(${flag} NESCSIM_HAS_${what}_STRATEGY)
		if(NESCSIM_HAS_${what}_STRATEGY)
			list(APPEND NESCSIM_PROFILE_FLAGS ${flag})
		endif()
	endforeach()
endif()
