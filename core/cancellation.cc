#include "core/cancellation.h"

namespace kith {

const Cancellation& Cancellation::Never() {
  static const Cancellation never;
  return never;
}

}  // namespace kith
