package io.tailrace.client.processor;

import io.tailrace.client.ConsumerRecord;

/** A {@link io.tailrace.client.RecordHandler} of records as they are stored. */
@FunctionalInterface
public interface RawHandler {
  /** Called on handler threads, several at a time. */
  void handle(ConsumerRecord<byte[], byte[]> record) throws Exception;
}
