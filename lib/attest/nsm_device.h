// The NSM as the kernel offers it: /dev/nsm (drivers/misc/nsm.c).
#pragma once

#include <memory>
#include <mutex>

#include "attest/nsm.h"
#include "os/unique_fd.h"

namespace nes::attest {

class NsmDevice final : public Nsm {
 public:
  // kIo with errno as position if there is no NSM or it may not be opened.
  static Result<std::unique_ptr<NsmDevice>> open();

  Result<Bytes> attest(const DocumentRequest& request) override;
  Result<Pcr> describe_pcr(std::uint16_t index) override;
  Result<Bytes> random() override;

 private:
  explicit NsmDevice(os::UniqueFd fd) noexcept : fd_(std::move(fd)) {}
  Result<Bytes> ask(ByteView request);

  std::mutex mutex_;
  os::UniqueFd fd_;
};

}  // namespace nes::attest
