package io.tailrace.benchmarks.compare;

import java.util.Map;
import java.util.Optional;

/**
 * The result of one measurement of one peer.
 *
 * @param figures by name; those of the steps before the failure when it failed
 * @param failure why it did not reach its end
 */
record Run(Map<String, Double> figures, Optional<String> failure) {
  static Run of(Map<String, Double> figures) {
    return new Run(figures, Optional.empty());
  }

  static Run failed(Map<String, Double> figures, String reason) {
    return new Run(figures, Optional.of(reason));
  }
}
