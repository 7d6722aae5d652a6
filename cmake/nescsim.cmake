# Shared flags and the two helpers that every room uses.

add_library(nescsim_flags INTERFACE)
target_include_directories(nescsim_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(nescsim_flags INTERFACE _GNU_SOURCE NESCSIM_VERSION="${PROJECT_VERSION}")
target_compile_options(nescsim_flags INTERFACE -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla)
if(NESCSIM_WERROR)
	target_compile_options(nescsim_flags INTERFACE -Werror)
endif()
if(NESCSIM_MUTANTS)
	target_compile_definitions(nescsim_flags INTERFACE NESCSIM_MUTANTS)
endif()
add_library(nescsim_sanitizers INTERFACE)
target_compile_options(nescsim_sanitizers INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
	-fno-omit-frame-pointer)
target_link_options(nescsim_sanitizers INTERFACE -fsanitize=address,undefined)
if(NESCSIM_SANITIZE)
	# Linked into everything, the installed consumer excepted.
	target_link_libraries(nescsim_flags INTERFACE nescsim_sanitizers)
endif()

# nescsim_room(name SOURCES a.c b.c ROOMS below... LIBS PkgConfig::X...): a room as a static library that links
# only the rooms named, so that a call in the wrong direction does not link either.
function(nescsim_room name)
	cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBS" ${ARGN})
	add_library(nescsim_${name} STATIC ${ROOM_SOURCES})
	set_property(TARGET nescsim_${name} PROPERTY POSITION_INDEPENDENT_CODE ON)
	target_link_libraries(nescsim_${name} PUBLIC nescsim_flags ${ROOM_LIBS})
	foreach(room ${ROOM_ROOMS})
		target_link_libraries(nescsim_${name} PUBLIC nescsim_${room})
	endforeach()
	target_compile_options(nescsim_${name} PRIVATE ${NESCSIM_PROFILE_FLAGS})
	if(TARGET nescsim_profile)
		add_dependencies(nescsim_${name} nescsim_profile)
	endif()
	set_property(GLOBAL APPEND PROPERTY NESCSIM_ROOMS nescsim_${name})
	set_property(GLOBAL APPEND PROPERTY NESCSIM_LIBS ${ROOM_LIBS})
endfunction()

# nescsim_table(variable file.def MACRO prefix): the sources <prefix><name>.c of the rows MACRO(name...) of a table, so that
# a row is all that a newcomer needs.
function(nescsim_table variable table macro prefix)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${table})
	set(sources)
	file(STRINGS ${table} rows REGEX "^${macro}\\(")
	foreach(row ${rows})
		string(REGEX REPLACE "^${macro}\\(([a-z0-9_]+)[,)].*" "${prefix}\\1.c" source "${row}")
		list(APPEND sources ${source})
	endforeach()
	set(${variable} ${sources} PARENT_SCOPE)
endfunction()

# nescsim_c_text(variable file): a file's text as C string literals, a line each, so that it becomes a part of the program;
# nescsim_generate(file text): writes it unless it says so already, which keeps what is made of it.
function(nescsim_c_text variable file)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
	file(READ ${file} text)
	string(REPLACE "\\" "\\\\" text "${text}")
	string(REPLACE "\"" "\\\"" text "${text}")
	string(REPLACE "\n" "\\n\"\n\t  \"" text "${text}")
	set(${variable} "\"${text}\"" PARENT_SCOPE)
endfunction()

function(nescsim_generate file text)
	set(old)
	if(EXISTS ${file})
		file(READ ${file} old)
	endif()
	if(NOT text STREQUAL old)
		file(WRITE ${file} "${text}")
	endif()
endfunction()

# nescsim_test(name SOURCES a.c ROOMS ... LABELS ...): one cmocka program, one ctest entry. The folder's name is a
# label too (ctest -L nesc). Labels `long`, `long_fuzz`, `long_slurm`: not in ./test.sh; label `slow`: not under the sanitizers.
# With MUTANTS it links all rooms compiled with the seeded bugs, instead of ROOMS.
function(nescsim_test name)
	cmake_parse_arguments(TEST "MUTANTS" "" "SOURCES;ROOMS;LIBS;LABELS;ARGS" ${ARGN})
	add_executable(test_${name} ${TEST_SOURCES})
	target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
	target_link_libraries(test_${name} PRIVATE nescsim_flags PkgConfig::CMOCKA ${TEST_LIBS})
	if(TEST_MUTANTS)
		nescsim_mutants_library()
		target_link_libraries(test_${name} PRIVATE nescsim_mutants)
	else()
		foreach(room ${TEST_ROOMS})
			target_link_libraries(test_${name} PRIVATE nescsim_${room})
		endforeach()
	endif()
	add_test(NAME ${name} COMMAND test_${name} ${TEST_ARGS} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
	set_tests_properties(${name} PROPERTIES LABELS "${folder};${TEST_LABELS}")
endfunction()

# nescsim_rooms_again(name rooms...): these rooms once more in a library of its own, to be compiled otherwise.
function(nescsim_rooms_again name)
	get_property(libs GLOBAL PROPERTY NESCSIM_LIBS)
	set(sources)
	foreach(room ${ARGN})
		get_target_property(room_sources ${room} SOURCES)
		get_target_property(folder ${room} SOURCE_DIR)
		foreach(source ${room_sources})
			get_filename_component(source ${source} ABSOLUTE BASE_DIR ${folder})
			list(APPEND sources ${source})
		endforeach()
	endforeach()
	add_library(${name} STATIC ${sources})
	target_link_libraries(${name} PUBLIC nescsim_flags ${libs})
endfunction()

# All rooms with the seeded bugs; made when the first test asks for it.
function(nescsim_mutants_library)
	if(NOT TARGET nescsim_mutants)
		get_property(rooms GLOBAL PROPERTY NESCSIM_ROOMS)
		nescsim_rooms_again(nescsim_mutants ${rooms})
		target_compile_definitions(nescsim_mutants PUBLIC NESCSIM_MUTANTS)
	endif()
endfunction()
