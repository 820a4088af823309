package io.tailrace.client;

/**
 * What a {@link RecordProcessor} does with each record. Called on the processor's handler threads,
 * on several at a time, but never for two records at a time that its {@link ProcessingOrder} keeps
 * in order.
 *
 * @param <K> the keys' type
 * @param <V> the values' type
 */
@FunctionalInterface
public interface RecordHandler<K, V> {

  /**
   * Processes a record. When this returns, the record is processed; when it throws, it is called
   * again after a back-off, until the attempts are used up. The same record may be processed again
   * after a failure of this process or of a broker.
   *
   * @throws RecordRejectedException when it makes no sense to try again: the record becomes a dead
   *     letter at once
   */
  void handle(ConsumerRecord<K, V> record) throws Exception;
}
