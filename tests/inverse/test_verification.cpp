#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "inverse/verification.hpp"
#include "tests/line_model.hpp"

namespace jpo {
namespace {

bool all_pass(const std::vector<CheckRow>& rows) {
  return std::ranges::all_of(rows, [](const CheckRow& row) { return row.passed; });
}

TEST(Verification, PassesAnExactGradient) {
  LineModel model;
  const auto rows = verify_model(model, {});
  EXPECT_GE(rows.size(), 4U);
  for (const CheckRow& row : rows) EXPECT_TRUE(row.passed) << row.name << " " << row.value;
}

TEST(Verification, FailsAGradientOffByAThousandth) {
  LineModel model(0.999);
  EXPECT_FALSE(all_pass(verify_model(model, {})));
  LineModel exact;
  VerifyOptions options;
  options.gradient_factor = 0.999;
  EXPECT_FALSE(all_pass(verify_model(exact, options)));
}

// The derivative by `bend` is wrong by a factor.
class WrongBend : public LineModel {
 public:
  void adjoint(const Batch& w, Batch& g) override {
    LineModel::adjoint(w, g);
    for (std::int64_t row = 0; row < g.n_problem(); ++row) g.write().row(row)[1] *= 1.5;
  }
};

TEST(Verification, NamesTheWrongParameter) {
  WrongBend model;
  const auto rows = verify_model(model, {});
  const auto table = std::ranges::find_if(
      rows, [](const CheckRow& row) { return row.name.starts_with("derivative by each"); });
  ASSERT_NE(table, rows.end());
  EXPECT_FALSE(table->passed);
  ASSERT_EQ(table->details.size(), 3U);  // a heading and two parameters
  EXPECT_TRUE(table->details[1].starts_with("bend ")) << table->details[1];
  EXPECT_NE(table->details[1].find(" 1.5 "), std::string::npos) << table->details[1];
  EXPECT_TRUE(table->details[2].starts_with("slope ")) << table->details[2];
}

// A model whose y depends on the number of solves.
class Drifting : public LineModel {
 public:
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    LineModel::solve(c, m, y, status);
    y.write().row(0)[0] += 1e-13 * n_solve;
  }
};

TEST(Verification, FailsAModelThatIsNotAFunction) {
  Drifting model;
  const auto rows = verify_model(model, {});
  EXPECT_FALSE(all_pass(rows));
}

// A model whose y does not depend on m in row 0. Its tangent is zero there, its adjoint `gradient`.
class FlatSomewhere : public LineModel {
 public:
  explicit FlatSomewhere(double gradient) : gradient_(gradient) {}
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    LineModel::solve(c, m, y, status);
    std::ranges::fill(y.write().row(0), 0.5);
  }
  void tangent(const Batch& v, Batch& dy) override {
    LineModel::tangent(v, dy);
    std::ranges::fill(dy.write().row(0), 0.0);
  }
  void adjoint(const Batch& w, Batch& g) override {
    LineModel::adjoint(w, g);
    std::ranges::fill(g.write().row(0), gradient_);
  }

 private:
  double gradient_;
};

TEST(Verification, AcceptsOnlyZeroForTheGradientOfAFlatRow) {
  const auto dot_product_passes = [](double gradient) {
    FlatSomewhere model(gradient);
    const auto rows = verify_model(model, {});
    return std::ranges::find_if(rows,
                                [](const CheckRow& row) {
                                  return row.name.find("dot products") != std::string::npos;
                                })
        ->passed;
  };
  EXPECT_TRUE(dot_product_passes(0.0));
  EXPECT_FALSE(dot_product_passes(1e-14));
  EXPECT_FALSE(dot_product_passes(std::nan("")));
}

TEST(Verification, JudgesATaylorSweepByItsOrder) {
  const std::vector<double> steps = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5};
  const auto passes = [&](const std::vector<double>& remainders) {
    return taylor_row("order", steps, remainders, 1.0, 1.9).passed;
  };
  EXPECT_TRUE(passes({1e-2, 1e-4, 1e-6, 1e-8, 1e-10}));
  EXPECT_FALSE(passes({1e-1, 1e-2, 1e-3, 1e-4, 1e-5}));
  EXPECT_FALSE(passes({1e-2, 1e-4, 5e-6, 5e-7, 5e-8}));       // the gradient is a little off
  EXPECT_TRUE(passes({1e-2, 1e-4, 1e-6, 1e-13, 1e-14}));      // round-off does not count
  EXPECT_FALSE(passes({1e-14, 1e-14, 1e-14, 1e-14, 1e-14}));  // only round-off shows no order
}

}  // namespace
}  // namespace jpo
