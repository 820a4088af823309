package io.tailrace.broker.kafka;

import io.netty.buffer.ByteBuf;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.RecordsSend;

/** Record batches as they are stored, inside one of Kafka's messages. */
record StoredRecords(ByteBuf bytes) implements BaseRecords {

  @Override
  public int sizeInBytes() {
    return bytes.readableBytes();
  }

  @Override
  public RecordsSend<? extends BaseRecords> toSend() {
    throw new UnsupportedOperationException("records are written to the connection's channel");
  }
}
