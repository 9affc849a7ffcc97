# SPDX-License-Identifier: MIT
# Go as a peer: builds the program peer-go, now, and sets MICRO_GO to its path;
# unset when there is no go, or one that cannot build it.
find_program(MICRO_GO_COMPILER go DOC "Go, a peer in `schedkit micro'")
mark_as_advanced(MICRO_GO_COMPILER)

# A select of so many cases has to be written out.
function(micro_go_selects out)
  set(text "// Made by the build.\n\npackage main\n\n")
  set(waits "")
  set(tries "")
  foreach(count 1 2 8 64)
    set(cases "")
    math(EXPR last "${count} - 1")
    foreach(i RANGE ${last})
      string(APPEND cases "\tcase <-cs[${i}]:\n\t\treturn ${i}\n")
    endforeach()
    string(APPEND waits "\t${count}: func(cs []chan uint64) int {\n"
                        "\tselect {\n${cases}\t}\n\t},\n")
    string(APPEND tries "\t${count}: func(cs []chan uint64) int {\n"
                        "\tselect {\n${cases}\tdefault:\n\t\treturn -1\n"
                        "\t}\n\t},\n")
  endforeach()
  set(type "map[int]func([]chan uint64) int{\n")
  string(APPEND text "var selectOf = ${type}${waits}}\n\n"
                     "var trySelectOf = ${type}${tries}}\n")
  file(WRITE "${out}" "${text}")
endfunction()

function(micro_build_go)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/peer")
  set(sources peer.go tasks.go channel.go select.go)
  foreach(source ${sources})
    configure_file(peer/${source} "${folder}/${source}" COPYONLY)
  endforeach()
  micro_go_selects("${folder}/select_cases.go")
  # Nothing is fetched, and nothing is written elsewhere.
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env GOCACHE=${folder}/cache GO111MODULE=off
            GOPATH=${folder} GOFLAGS= CGO_ENABLED=0 "${MICRO_GO_COMPILER}"
            build -o "${folder}/peer-go" ${sources} select_cases.go
    WORKING_DIRECTORY "${folder}" RESULT_VARIABLE result
    OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(result EQUAL 0)
    set(MICRO_GO "${folder}/peer-go" PARENT_SCOPE)
  else()
    message(STATUS "No Go as a peer: ${said}")
  endif()
endfunction()

if(MICRO_GO_COMPILER)
  micro_build_go()
endif()
