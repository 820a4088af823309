package io.tailrace.broker.metrics;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;

/** Told of every request. Called on many event loops at once; cheap. */
public interface RequestMetrics {

  /** Counts nothing. */
  RequestMetrics NONE =
      new RequestMetrics() {
        @Override
        public void onAnswered(ApiKey api, long tookNanos, int requestBytes, int responseBytes) {}

        @Override
        public void onKafkaAnswered(
            String api, long tookNanos, int requestBytes, int responseBytes) {}

        @Override
        public void onFailed(ErrorCode code) {}
      };

  /**
   * A request was answered.
   *
   * @param api null when it was of an api that is not known
   * @param tookNanos from its last byte read to its answer written
   * @param requestBytes of the frame
   * @param responseBytes of the answer; 0 when there was none
   */
  void onAnswered(ApiKey api, long tookNanos, int requestBytes, int responseBytes);

  /**
   * A request of Kafka's protocol was answered.
   *
   * @param api as Kafka names it
   */
  void onKafkaAnswered(String api, long tookNanos, int requestBytes, int responseBytes);

  /** A request, or the part of it that is about one partition or topic, was refused. */
  void onFailed(ErrorCode code);
}
