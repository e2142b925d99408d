# Runs at every build. Rewrites revision.hpp only if its contents change.
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
# Sources that git does not track are compiled as well, ignored ones included.
execute_process(COMMAND git -C ${SOURCE_DIR} ls-files --others -- src/*.cpp src/*.hpp src/*.cmake src/*CMakeLists.txt
  OUTPUT_VARIABLE untracked OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(revision AND untracked AND NOT revision MATCHES "-dirty$")
  string(APPEND revision "-dirty")
endif()
if(NOT revision)
  set(revision "unknown")
endif()
string(REPLACE "\"" "" flags "${FLAGS}")
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#pragma once
#define JPO_VERSION \"${VERSION}\"
#define JPO_GIT_REVISION \"${revision}\"
#define JPO_COMPILER \"${COMPILER}\"
#define JPO_COMPILER_FLAGS \"${flags}\"
")
