# cmake -DFOLDER=... -DSOURCE=... -DGENERATOR=... -DLTO=... -DCOMPILER=... -P train.cmake: builds the tool with counters in
# FOLDER/build, runs it, and leaves the counters in FOLDER/data. Without them (it could not run) the build goes on as well.
set(runs dd.yaml fragmented.yaml null.yaml p4800x.yaml fio.yaml vc707.yaml)

function(step)
	execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
	if(NOT result EQUAL 0)
		message(STATUS "${output}")
		message(WARNING "There is no profile to build with (${result}): ${ARGN}")
		file(TOUCH ${FOLDER}/done)
		set(failed TRUE PARENT_SCOPE)
	endif()
endfunction()

file(REMOVE_RECURSE ${FOLDER}/data)
set(flags "-fprofile-generate=${FOLDER}/data -fprofile-prefix-path=${FOLDER}/build -fprofile-update=single")
step(${CMAKE_COMMAND} -S ${SOURCE} -B ${FOLDER}/build -G ${GENERATOR} -DCMAKE_C_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Release
	-DNESCSIM_LTO=${LTO} -DBUILD_TESTING=OFF "-DCMAKE_C_FLAGS=${flags}")
if(NOT failed)
	step(${CMAKE_COMMAND} --build ${FOLDER}/build --target nescsim_cli)
endif()
foreach(run ${runs})
	if(NOT failed)
		step(${FOLDER}/build/nescsim run ${SOURCE}/configs/${run} --quiet --out ${FOLDER}/result)
	endif()
endforeach()
file(REMOVE_RECURSE ${FOLDER}/result)
file(TOUCH ${FOLDER}/done)
