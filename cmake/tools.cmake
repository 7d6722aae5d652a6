# Targets for whoever has the clang tools: `format` rewrites the sources, `tidy` reads them.

find_program(CLANG_FORMAT clang-format)
if(CLANG_FORMAT)
	add_custom_target(format
		COMMAND find src include tests -name "*.[ch]" -exec ${CLANG_FORMAT} -i {} +
		WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
endif()
find_program(CLANG_TIDY clang-tidy)
if(CLANG_TIDY)
	add_custom_target(tidy
		COMMAND find src -name "*.c" -exec ${CLANG_TIDY} --quiet -p ${PROJECT_BINARY_DIR} {} +
		WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
endif()
