# Shared flags and the two helpers that every room uses.

add_library(nescsim_flags INTERFACE)
target_include_directories(nescsim_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(nescsim_flags INTERFACE _GNU_SOURCE)
target_compile_options(nescsim_flags INTERFACE -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla)
if(NESCSIM_WERROR)
	target_compile_options(nescsim_flags INTERFACE -Werror)
endif()
if(NESCSIM_MUTANTS)
	target_compile_definitions(nescsim_flags INTERFACE NESCSIM_MUTANTS)
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
	set_property(GLOBAL APPEND PROPERTY NESCSIM_ROOMS nescsim_${name})
endfunction()

# nescsim_test(name SOURCES a.c ROOMS ... LABELS ...): one cmocka program, one ctest entry.
function(nescsim_test name)
	cmake_parse_arguments(TEST "" "" "SOURCES;ROOMS;LIBS;LABELS;ARGS" ${ARGN})
	add_executable(test_${name} ${TEST_SOURCES})
	target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
	target_link_libraries(test_${name} PRIVATE nescsim_flags PkgConfig::CMOCKA ${TEST_LIBS})
	foreach(room ${TEST_ROOMS})
		target_link_libraries(test_${name} PRIVATE nescsim_${room})
	endforeach()
	add_test(NAME ${name} COMMAND test_${name} ${TEST_ARGS} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	if(TEST_LABELS)
		set_tests_properties(${name} PROPERTIES LABELS "${TEST_LABELS}")
	endif()
endfunction()
