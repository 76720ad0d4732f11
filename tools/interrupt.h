// Ctrl-C and SIGTERM as a Cancellation.
#pragma once

#include "core/cancellation.h"

namespace kith {

// Catches SIGINT and SIGTERM from here on.  The first one requests the returned cancellation (and
// says so on a terminal), so that work stops at its next item and removes its temporary files; the
// second ends the process at once with code 130: outputs have temporary names until they are
// complete, so nothing half written stands under its final name.  Call once, before threads start.
const Cancellation& CatchInterrupts();

}  // namespace kith
