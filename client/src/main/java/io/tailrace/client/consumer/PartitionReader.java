package io.tailrace.client.consumer;

import io.tailrace.client.BadRecordHandler;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.CorruptRecordsException;
import io.tailrace.client.Deserializer;
import io.tailrace.client.Position;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayDeque;
import java.util.OptionalLong;

/**
 * One assigned partition on the polling thread: its position and its fetched batches. Confined to
 * that thread.
 */
final class PartitionReader<K, V> {
  /** Approximate bytes of a record besides its key, value and headers. */
  private static final int RECORD_OVERHEAD_BYTES = 32;

  private final FetchedPartition fetched;
  private final Fetcher fetcher;
  private final Deserializer<? extends K> keyDeserializer;
  private final Deserializer<? extends V> valueDeserializer;
  private final BadRecordHandler onBadRecord;
  private final ArrayDeque<BatchReader> stretches = new ArrayDeque<>();
  private long position = FetchedPartition.UNKNOWN;
  private int version;
  private boolean paused;
  private TailraceException error;

  /** Whether a poll has thrown the error. */
  private boolean errorThrown;

  /**
   * A record that was decoded but not returned, since it could not be deserialised or exceeded the
   * bytes of one poll.
   */
  private StoredRecord held;

  PartitionReader(
      TopicPartition name,
      Fetcher fetcher,
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer) {
    this.fetched = fetcher.partition(name);
    this.fetcher = fetcher;
    this.keyDeserializer = keyDeserializer;
    this.valueDeserializer = valueDeserializer;
    this.onBadRecord = fetcher.config().onBadRecord();
  }

  TopicPartition name() {
    return fetched.name;
  }

  /** The next offset to be returned, or {@link FetchedPartition#UNKNOWN}. */
  long position() {
    return position;
  }

  boolean paused() {
    return paused;
  }

  void setPaused(boolean paused) {
    if (this.paused != paused) {
      this.paused = paused;
      fetcher.setPaused(fetched, paused);
    }
  }

  OptionalLong lag() {
    long end = fetched.highWatermark();
    return end == FetchedPartition.UNKNOWN || position == FetchedPartition.UNKNOWN
        ? OptionalLong.empty()
        : OptionalLong.of(Math.max(0, end - position));
  }

  FetchedPartition fetched() {
    return fetched;
  }

  boolean isFor(FetchedPartition partition) {
    return fetched == partition;
  }

  /** Whether there is nothing between the position and this offset, as brokers last told. */
  boolean isEmptyUpTo(long end) {
    return stretches.isEmpty() && fetched.isEmpty(position, end);
  }

  /** Whether a start position was set. */
  boolean isSought() {
    return version > 0;
  }

  /** Drops the fetched records and starts at this position. */
  void seek(Position target) {
    drop();
    version++;
    error = null;
    position = target instanceof Position.Offset at ? at.offset() : FetchedPartition.UNKNOWN;
    fetched.setPosition(position);
    fetcher.seek(fetched, version, target);
  }

  /** Applies an event of the fetcher; releases it when it belongs to an earlier seek. */
  void accept(FetchEvent event) {
    if (event.version() != version) {
      if (event instanceof FetchEvent.Batches batches) {
        usedUp(batches.records().readableBytes());
        batches.records().release();
      }
      return;
    }
    if (event instanceof FetchEvent.Batches batches) {
      stretches.addLast(new BatchReader(batches.records()));
    } else if (event instanceof FetchEvent.Positioned positioned) {
      if (stretches.isEmpty()) {
        position = positioned.offset();
        fetched.setPosition(position);
      } else {
        stretches.addLast(BatchReader.jumpTo(positioned.offset())); // behind the unread records
      }
    } else if (event instanceof FetchEvent.Failed failed) {
      error = failed.error();
      errorThrown = false;
    }
  }

  private void usedUp(long bytes) {
    if (fetched.usedUp(bytes)) {
      fetcher.wake();
    }
  }

  /**
   * Throws the error because of which the partition cannot be read on, if there is one and nothing
   * is left before it. A retriable error is retried in the background from then on; unreadable
   * records are skipped when the handler for them returns.
   *
   * @param again whether to throw an error that was thrown before
   */
  void throwError(boolean again) {
    if (error == null || !stretches.isEmpty() || (errorThrown && !again)) {
      return;
    }
    errorThrown = true;
    if (error instanceof CorruptRecordsException corrupt) {
      fetcher
          .config()
          .onCorruptRecords()
          .onCorruptRecords(
              new CorruptRecordsException(
                  corrupt.partition(),
                  corrupt.offset(),
                  corrupt.resumeOffset(),
                  corrupt.getMessage(),
                  corrupt));
      seek(Position.offset(corrupt.resumeOffset()));
      return;
    }
    TailraceException thrown = new TailraceException(error.code(), error.getMessage(), error);
    if (error.code() == ErrorCode.CORRUPT_BATCH && position != FetchedPartition.UNKNOWN) {
      seek(Position.offset(position)); // the batch may be intact when it is fetched again
    } else if (error.retriable()) {
      error = null;
      fetcher.retry(fetched, version);
    }
    throw thrown;
  }

  boolean hasRecords() {
    return !stretches.isEmpty();
  }

  /**
   * Adds the next records to those of a poll, until that is full.
   *
   * @throws TailraceException when the next record cannot be read; those before it were added
   */
  void read(PolledRecords<K, V> polled) {
    int before = polled.list().size();
    try {
      readStretches(polled);
    } finally {
      fetched.setPosition(position);
      fetcher.counters().recordsConsumed.add(polled.list().size() - before);
    }
  }

  private void readStretches(PolledRecords<K, V> polled) {
    while (!polled.full() && !stretches.isEmpty()) {
      BatchReader stretch = stretches.peekFirst();
      StoredRecord record = held != null ? held : next(stretch);
      if (record == null && stretches.isEmpty()) {
        return; // damaged: the next poll throws the error
      }
      if (record == null) {
        position =
            stretch.startOffset() == FetchedPartition.UNKNOWN
                ? Math.max(position, stretch.nextOffset())
                : stretch.startOffset();
        stretches.pollFirst();
        stretch.close();
        usedUp(stretch.sizeInBytes());
        continue;
      }
      held = record;
      long bytes = sizeOf(record);
      if (polled.exceededBy(bytes)) {
        return; // the next poll begins with it
      }
      polled.count(bytes);
      ConsumerRecord<K, V> decoded = decode(record);
      held = null;
      position = record.offset() + 1;
      if (decoded != null) {
        polled.add(decoded);
      }
    }
  }

  private static long sizeOf(StoredRecord record) {
    long bytes = RECORD_OVERHEAD_BYTES;
    bytes += record.key() == null ? 0 : record.key().length;
    bytes += record.value() == null ? 0 : record.value().length;
    for (RecordHeader header : record.headers()) {
      bytes += header.key().length() + (header.value() == null ? 0 : header.value().length);
    }
    return bytes;
  }

  private StoredRecord next(BatchReader stretch) {
    try {
      return stretch.next(position);
    } catch (CorruptBatchException e) {
      error = unreadable(e, stretch.nextOffset());
      errorThrown = false;
      drop();
      version++; // fetched data still in flight lies behind the batch
      return null;
    }
  }

  private TailraceException unreadable(CorruptBatchException cause, long nextOffset) {
    String where = "partition " + fetched + ", at or behind offset " + position + ": ";
    return cause.code() == ErrorCode.BATCH_TOO_LARGE
        ? new TailraceException(
            ErrorCode.RECORD_TOO_LARGE,
            where
                + cause.getMessage()
                + ", which is more than consumers take; seek to offset "
                + nextOffset
                + " to go on behind it",
            cause)
        : new TailraceException(
            ErrorCode.CORRUPT_BATCH,
            where + cause.getMessage() + "; if fetching it again does not help, seek behind it",
            cause);
  }

  /** The record with its key and value deserialised, or null when it is to be left out. */
  private ConsumerRecord<K, V> decode(StoredRecord record) {
    String topic = fetched.name.topic();
    K key;
    V value;
    try {
      key = record.key() == null ? null : keyDeserializer.deserialize(topic, record.key());
      value = record.value() == null ? null : valueDeserializer.deserialize(topic, record.value());
    } catch (RuntimeException e) {
      onBadRecord.onBadRecord(fetched.name, record, e);
      return null;
    }
    return new ConsumerRecord<>(
        topic,
        fetched.name.partition(),
        record.offset(),
        record.timestampMs(),
        key,
        value,
        record.headers());
  }

  private void drop() {
    held = null;
    for (BatchReader stretch : stretches) {
      stretch.close();
      fetched.usedUp(stretch.sizeInBytes());
    }
    stretches.clear();
  }

  /** Releases the fetched records. */
  void close() {
    version++;
    drop();
    fetcher.remove(fetched);
  }
}
