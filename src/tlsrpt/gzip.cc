#include "tlsrpt/gzip.h"

#include <zlib.h>

#include <limits>

namespace ringpost::tlsrpt {

namespace {

constexpr int window_bits = 15 + 16;  // the largest window, and gzip's frame instead of zlib's
constexpr int memory_level = 8;       // zlib's own default

}  // namespace

Result<std::string> gzip(std::string_view octets) {
  if (octets.size() > std::numeric_limits<uInt>::max()) return fail(ErrorKind::too_large, "gzip: too much at once");
  z_stream stream{};
  const int made = deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
  if (made != Z_OK) return fail(ErrorKind::unavailable, "gzip does not start");
  std::string out(deflateBound(&stream, octets.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(octets.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (done != Z_STREAM_END) return fail(ErrorKind::unavailable, "gzip did not end");
  return out;
}

}  // namespace ringpost::tlsrpt
