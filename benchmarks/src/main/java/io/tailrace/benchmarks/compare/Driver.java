package io.tailrace.benchmarks.compare;

import java.util.function.Consumer;

/**
 * A broker as its own client library sees it: what the loops of this package need, and nothing that
 * one library could do and the other not. Used by one thread; {@link #close()} by the same.
 */
interface Driver extends AutoCloseable {
  /** Records that one poll returns at most. */
  int MAX_POLL_RECORDS = 1000;

  /** Creates a topic and returns when the broker says that it exists. */
  void createTopic(String topic, int partitions, int replicas);

  /** The sum of the leader epochs of a topic's partitions: it grows with every election. */
  long leaderEpochs(String topic, int partitions);

  /** How many records the broker says a topic holds: its end offsets less its start offsets. */
  long recordsIn(String topic, int partitions);

  /** Deletes a topic. */
  void deleteTopic(String topic);

  /**
   * Opens a producer.
   *
   * @param onSettled called once for every record on the library's thread: null when it was
   *     acknowledged, and the error otherwise
   */
  Sender sender(String topic, SenderSettings settings, Consumer<Throwable> onSettled);

  /** Opens a consumer that reads all partitions from their beginning, without a group. */
  Receiver receiver(String topic, int partitions);

  @Override
  void close();

  /** Sends records without keys. */
  interface Sender extends AutoCloseable {
    /** Sends to the partition that the library chooses; waits while its memory is full. */
    void send(byte[] value);

    /** Sends to the given partition. */
    void send(int partition, byte[] value);

    /** Waits until all records are settled, and lets go of the producer. */
    @Override
    void close();
  }

  /** Receives records. */
  interface Receiver extends AutoCloseable {
    /**
     * Waits at most so long for records.
     *
     * @param onValue called for each record's value
     * @return how many came
     */
    int poll(long timeoutMs, Consumer<byte[]> onValue);

    @Override
    void close();
  }

  /**
   * What both libraries are told alike; everything else keeps its default, but compression is off.
   *
   * @param batchBytes bytes at which a partition's batch is full
   * @param lingerMs how long a record may wait for its batch to fill
   * @param acks "all" or "1"
   */
  record SenderSettings(int batchBytes, int lingerMs, String acks) {
    static SenderSettings of(Settings settings) {
      return new SenderSettings(
          settings.number("batchBytes"), settings.number("lingerMs"), settings.text("acks"));
    }
  }
}
