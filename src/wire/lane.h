// SPDX-License-Identifier: MIT
// Lane: one stream to the router that carries a conduit's frames for a while. transport implements
// it over gRPC, the simulation over a virtual link; tunnel uses it. All on the loop.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "wire/frame.h"

namespace mm::wire {

class Lane {
 public:
  // Callbacks of one lane, never from within a call to the lane, and none after its destructor.
  class Listener {
   public:
    virtual ~Listener() = default;

    // One message from the peer, in order. A lane is always read: nothing holds these back.
    virtual void on_message(std::vector<base::Bytes> message) = 0;

    // The last write() is on its way; the next one may be made.
    virtual void on_written() = 0;

    // The lane is over, once and for all; no other callback follows. OK: the router ended it in
    // order. kNotFound: the router does not know the token or its service. kUnavailable: lost.
    virtual void on_closed(const base::Status& status) = 0;
  };

  // Ends the lane at once; what was written and is not yet sent may be lost.
  virtual ~Lane() = default;

  // Sends one frame. Require: the previous write() was answered by on_written(), and neither
  // half_close() nor on_closed() came before.
  virtual void write(EncodedFrame frame) = 0;

  // write() and half_close() in one; on_written() does not follow. Require: as for write().
  virtual void write_last(EncodedFrame frame) = 0;

  // Nothing more will be written; what was is still sent. on_closed() follows when the router has
  // ended its side too. Require: as for write().
  virtual void half_close() = 0;
};

}  // namespace mm::wire
