// All services behind one address: finds out which one a request is for, who signed it, and what goes wrong
// with it.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "devkit/aws_emulator/clock.h"
#include "devkit/aws_emulator/faults.h"
#include "devkit/aws_emulator/imds.h"
#include "devkit/aws_emulator/principals.h"
#include "devkit/aws_emulator/request.h"
#include "devkit/aws_emulator/s3.h"

namespace nes::aws_emulator {

// Thread rule: handle() from any thread; requests are taken one at a time.
class Emulator {
 public:
  struct Options {
    std::string account;
    std::string region;
    std::string faults_file{};  // empty: none
  };

  // The references must outlive the emulator. `kms` and `secrets` see verified callers only.
  Emulator(AdjustedClock& clock, Principals& principals, JsonService& kms, JsonService& secrets, S3 s3,
           const Options& options)
      : clock_(clock),
        principals_(principals),
        kms_(kms),
        secrets_(secrets),
        s3_(std::move(s3)),
        imds_(principals, clock, options.region),
        faults_(options.faults_file),
        region_(options.region) {}

  // The answer, with Date and a request id. Does not wait: a delay is in the reply.
  Reply handle(const Request& request);

 private:
  struct Route;

  Route route(const Request& request) const;
  Reply serve(const Route& route, const Request& request);
  Reply serve_struck(const Route& route, const Request& request, const Fault& fault);

  std::mutex mutex_;
  AdjustedClock& clock_;
  Principals& principals_;
  JsonService& kms_;
  JsonService& secrets_;
  S3 s3_;
  Imds imds_;
  Faults faults_;
  std::string region_;
};

}  // namespace nes::aws_emulator
