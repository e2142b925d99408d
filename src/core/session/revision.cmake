# Runs at every build. Rewrites revision.hpp only if its contents change.
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
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
