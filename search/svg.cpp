#include "search/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace ares::svg {
namespace {

constexpr double width = 760, height = 340, left = 78, right = 190, top = 14, bottom = 46;

/// Told apart by people who see no red or no green: Okabe and Ito, Color Universal Design, 2008.
constexpr std::array<const char*, 8> colours{"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                             "#56b4e9", "#d55e00", "#8a8a00", "#555555"};

const char* colour_of(std::size_t i) { return colours[i % colours.size()]; }

/// 1200 as 1.2k.
std::string short_number(double v) {
  const double size = std::fabs(v);
  if (size >= 1e6) return fmt::format("{:g}M", v / 1e6);
  if (size >= 1e3) return fmt::format("{:g}k", v / 1e3);
  return fmt::format("{:g}", v);
}

/// One axis between two ends of the paper.
class Scale {
 public:
  Scale(bool logarithmic, double begin, double end) : logarithmic_(logarithmic), begin_(begin), end_(end) {}

  bool takes(double v) const { return std::isfinite(v) && (!logarithmic_ || v > 0); }
  void include(double v) {
    low_ = std::min(low_, v);
    high_ = std::max(high_, v);
  }
  void finish() {
    if (!logarithmic_) low_ = std::min(low_, 0.0);
    if (logarithmic_) low_ /= 1.1, high_ *= 1.1;
    if (!(high_ > low_)) high_ = low_ + 1;
  }
  double at(double v) const {
    const double f = logarithmic_ ? std::log(v / low_) / std::log(high_ / low_) : (v - low_) / (high_ - low_);
    return begin_ + f * (end_ - begin_);
  }
  /// Round numbers, some five of them.
  std::vector<double> ticks() const {
    std::vector<double> all;
    if (!logarithmic_) {
      const double rough = (high_ - low_) / 5, power = std::pow(10, std::floor(std::log10(rough)));
      const double step = power * (rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1);
      for (double v = std::ceil(low_ / step) * step; v <= high_ * (1 + 1e-9); v += step) all.push_back(v);
      return all;
    }
    const bool fine = high_ / low_ < 200;
    for (double decade = std::pow(10, std::floor(std::log10(low_))); decade <= high_; decade *= 10)
      for (const double digit : {1.0, 2.0, 5.0})
        if ((fine || digit == 1.0) && decade * digit >= low_ && decade * digit <= high_) all.push_back(decade * digit);
    return all;
  }

 private:
  bool logarithmic_;
  double begin_, end_;
  double low_ = HUGE_VAL, high_ = -HUGE_VAL;
};

std::string axes(const Scale& sx, const Scale& sy, const std::string& x_title, const std::string& y_title) {
  std::string s = fmt::format("<rect x='{}' y='{}' width='{}' height='{}' class='frame'/>", left, top,
                              width - left - right, height - top - bottom);
  for (const double v : sx.ticks())
    s += fmt::format(
        "<line x1='{0:.1f}' x2='{0:.1f}' y1='{1}' y2='{2}' class='grid'/><text x='{0:.1f}' y='{3}' "
        "text-anchor='middle'>{4}</text>",
        sx.at(v), top, height - bottom, height - bottom + 16, short_number(v));
  for (const double v : sy.ticks())
    s += fmt::format(
        "<line x1='{1}' x2='{2}' y1='{0:.1f}' y2='{0:.1f}' class='grid'/><text x='{3}' y='{4:.1f}' "
        "text-anchor='end'>{5}</text>",
        sy.at(v), left, width - right, left - 6, sy.at(v) + 4, short_number(v));
  s += fmt::format("<text x='{}' y='{}' text-anchor='middle'>{}</text>", (left + width - right) / 2, height - 8,
                   escaped(x_title));
  s += fmt::format("<text transform='translate(14 {}) rotate(-90)' text-anchor='middle'>{}</text>",
                   (top + height - bottom) / 2, escaped(y_title));
  return s;
}

std::string line_of(const Series& s, const Scale& sx, const Scale& sy, const char* colour) {
  std::string path;
  double before = 0;
  for (const auto& [x, y] : s.points) {
    if (!sx.takes(x) || !sy.takes(y)) continue;
    if (!path.empty() && s.steps) path += fmt::format("L{:.1f} {:.1f}", sx.at(x), before);
    before = sy.at(y);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", sx.at(x), before);
  }
  return fmt::format("<path d='{}' fill='none' stroke='{}' stroke-width='1.6'{}/>", path, colour,
                     s.dashed ? " stroke-dasharray='5 4'" : "");
}

std::string dots_of(const Series& s, const Scale& sx, const Scale& sy, const char* colour) {
  std::string dots;
  for (std::size_t i = 0; i < s.points.size(); ++i) {
    const auto& [x, y] = s.points[i];
    if (!sx.takes(x) || !sy.takes(y)) continue;
    const std::string title = s.labels.empty() ? "" : fmt::format("<title>{}</title>", escaped(s.labels[i]));
    dots += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='{}' fill='{}' fill-opacity='0.65'>{}</circle>", sx.at(x),
                        sy.at(y), s.labels.empty() ? 1.8 : 4.5, colour, title);
  }
  return dots;
}

std::string legend(const std::vector<Series>& series) {
  constexpr int most = 18;
  std::string s;
  int row = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (series[i].name.empty()) continue;
    const double y = top + 10 + 16 * row++;
    if (row > most) return s + fmt::format("<text x='{}' y='{}'>..</text>", width - right + 28, y + 4);
    s += fmt::format(
        "<line x1='{0}' x2='{1}' y1='{2}' y2='{2}' stroke='{3}' stroke-width='3'/><text x='{4}' "
        "y='{5}'>{6}</text>",
        width - right + 10, width - right + 24, y, colour_of(i), width - right + 28, y + 4,
        escaped(series[i].name.substr(0, 24)));
  }
  return s;
}

std::string opened(double w, double h) {
  return fmt::format("<svg viewBox='0 0 {0} {1}' width='{0}' height='{1}' xmlns='http://www.w3.org/2000/svg'>", w, h);
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string chart(const Axis& x, const Axis& y, const std::vector<Series>& series) {
  Scale sx(x.logarithmic, left, width - right), sy(y.logarithmic, height - bottom, top);
  bool any = false;
  for (const Series& s : series)
    for (const auto& [px, py] : s.points) {
      if (!sx.takes(px) || !sy.takes(py)) continue;
      sx.include(px);
      sy.include(py);
      any = true;
    }
  if (!any) return "";
  sx.finish();
  sy.finish();
  std::string s = opened(width, height) + axes(sx, sy, x.title, y.title);
  for (std::size_t i = 0; i < series.size(); ++i)
    s += (series[i].line ? line_of : dots_of)(series[i], sx, sy, colour_of(i));
  return s + legend(series) + "</svg>";
}

std::string map(const std::vector<std::string>& columns, const std::string& title, double top_address,
                const std::vector<Box>& boxes) {
  if (columns.empty() || !(top_address > 0)) return "";
  const double names = 110, full = height + names,
               column = std::clamp(900.0 / static_cast<double>(columns.size()), 14.0, 60.0);
  const double wide = left + column * static_cast<double>(columns.size()) + 10;
  Scale sy(false, height - bottom, top);
  sy.include(0);
  sy.include(top_address);
  sy.finish();
  std::string s = opened(wide, full);
  for (const double v : sy.ticks())
    s += fmt::format(
        "<line x1='{1}' x2='{2}' y1='{0:.1f}' y2='{0:.1f}' class='grid'/><text x='{3}' y='{4:.1f}' "
        "text-anchor='end'>{5}</text>",
        sy.at(v), left, wide - 10, left - 6, sy.at(v) + 4, short_number(v));
  for (const Box& b : boxes)
    s += fmt::format(
        "<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' fill='{}' fill-opacity='0.6' "
        "stroke='#fff' stroke-width='0.7'><title>{}</title></rect>",
        left + column * b.from, sy.at(b.high), column * (b.to - b.from), sy.at(b.low) - sy.at(b.high),
        colour_of(static_cast<std::size_t>(b.colour)), escaped(b.label));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const double x = left + column * (static_cast<double>(i) + 0.5) + 3;
    s += fmt::format("<text transform='translate({:.1f} {:.1f}) rotate(-60)' text-anchor='end'>{}</text>", x,
                     height - bottom + 12, escaped(columns[i].substr(0, 20)));
  }
  s += fmt::format("<text transform='translate(14 {}) rotate(-90)' text-anchor='middle'>{}</text>",
                   (top + height - bottom) / 2, escaped(title));
  return s + "</svg>";
}

}  // namespace ares::svg
