// `product`: terms multiplied.
#include <utility>

#include "common/error/check.h"
#include "reward/internal/terms.h"

namespace ume {
namespace {

class ProductTerm : public RewardPolicy {
 public:
  explicit ProductTerm(std::vector<std::unique_ptr<RewardPolicy>> factors)
      : factors_(std::move(factors)) {
    UME_CHECK(!factors_.empty(), "a product has factors");
  }

  std::string_view name() const override { return "product"; }
  bool compares_pairs() const override {
    return any([](const RewardPolicy& p) { return p.compares_pairs(); });
  }
  bool compares_sides() const override {
    return any([](const RewardPolicy& p) { return p.compares_sides(); });
  }
  RewardColumn score(const CohortView& view) const override {
    RewardColumn product = factors_[0]->score(view);
    for (size_t i = 1; i < factors_.size(); ++i) {
      const RewardColumn factor = factors_[i]->score(view);
      multiply(product.query, factor.query);
      multiply(product.target, factor.target);
    }
    return product;
  }

 private:
  template <class Predicate>
  bool any(Predicate holds) const {
    for (const auto& factor : factors_) {
      if (holds(*factor)) return true;
    }
    return false;
  }

  static void multiply(RewardCells& product, const RewardCells& factor) {
    if (product.size() != factor.size()) {
      product.clear();  // refused by its length
      return;
    }
    for (size_t row = 0; row < product.size(); ++row) {
      if (factor[row].state > product[row].state) {
        product[row] = {factor[row].state, 0.0, factor[row].reason};
      } else {
        product[row].value *= factor[row].value;
      }
    }
  }

  const std::vector<std::unique_ptr<RewardPolicy>> factors_;
};

}  // namespace

std::unique_ptr<RewardPolicy> make_product_term(
    std::vector<std::unique_ptr<RewardPolicy>> factors) {
  return std::make_unique<ProductTerm>(std::move(factors));
}

}  // namespace ume
