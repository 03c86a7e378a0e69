#include "adapters/privacy/keyed_pseudonyms.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace millrace::adapters::privacy {

namespace {

constexpr std::size_t shown_bytes = 8;

class KeyedPseudonyms final : public logic::Pseudonyms {
public:
  explicit KeyedPseudonyms(std::string key) : key_(std::move(key)) {}

  std::string pseudonym_of(std::string_view user_id) const override {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned digest_bytes = 0;
    // Fails for lack of memory only.
    if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
             reinterpret_cast<const unsigned char*>(user_id.data()),
             user_id.size(), digest.data(), &digest_bytes)
        == nullptr)
      throw std::bad_alloc{};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::size_t index = 0; index != shown_bytes; ++index) {
      text += digits[digest[index] >> 4U];
      text += digits[digest[index] & 0xFU];
    }
    return text;
  }

private:
  std::string key_;
};

} // namespace

std::shared_ptr<const logic::Pseudonyms>
make_keyed_pseudonyms(const std::string& key) {
  if (key.empty())
    return nullptr;
  return std::make_shared<const KeyedPseudonyms>(key);
}

} // namespace millrace::adapters::privacy
