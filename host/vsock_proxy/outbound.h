// One connection of the egress.
#pragma once

#include <memory>

#include "host/vsock_proxy/egress.h"

namespace nes::vsock_proxy {

// A client that has to ask. Both end themselves.
std::unique_ptr<Connection> make_asking(Egress& egress, Connections& owner, os::UniqueFd client);
// A client whose port says where it leads.
std::unique_ptr<Connection> make_forwarded(Egress& egress, Connections& owner, os::UniqueFd client,
                                           const Egress::Forward& forward);

}  // namespace nes::vsock_proxy
