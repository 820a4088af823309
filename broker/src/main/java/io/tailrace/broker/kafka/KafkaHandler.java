package io.tailrace.broker.kafka;

/** Answers the requests of one of Kafka's apis. Called on many event loops at once. */
@FunctionalInterface
interface KafkaHandler {
  /**
   * Takes a request over: it will be answered, now or later. Called on the loop that read it; must
   * not block.
   */
  void handle(KafkaRequest request);
}
