package io.tailrace.benchmarks.endurance;

import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A well-behaved client that writes numbered records at a steady rate and reads them back: each
 * must come, once, in order. Two threads of its own; the other methods are thread-safe.
 */
final class Witness implements AutoCloseable {
  private static final long LATEST_ARRIVAL_NS = TimeUnit.SECONDS.toNanos(60);

  /**
   * The sender sleeps no shorter than this: at high rates a wake-up for each record is the load.
   */
  private static final long SHORTEST_SLEEP_NS = TimeUnit.MILLISECONDS.toNanos(1);

  private final TailraceClient client;
  private final Producer<byte[], byte[]> producer;
  private final Consumer<byte[], byte[]> consumer;
  private final String topic;
  private final int recordBytes;
  private final long intervalNanos;
  private final Thread sender = new Thread(this::send, "witness-sender");
  private final Thread receiver = new Thread(this::receive, "witness-receiver");
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final AtomicLong slowestNanos = new AtomicLong();
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong received = new AtomicLong();
  private volatile boolean sending = true;

  /**
   * Creates the topic and makes ready.
   *
   * @param recordBytes of each value; 16 at least
   * @param recordsPerSecond how often one is sent; as fast as the producer takes them at {@link
   *     Integer#MAX_VALUE}
   */
  Witness(String bootstrap, Topic topic, int recordBytes, int recordsPerSecond) {
    this.client = TailraceClient.connect(bootstrap);
    this.topic = topic.name();
    this.recordBytes = recordBytes;
    this.intervalNanos = TimeUnit.SECONDS.toNanos(1) / recordsPerSecond;
    client.admin().createTopic(topic).join();
    this.producer = client.producer(Serdes.bytes(), Serdes.bytes());
    this.consumer =
        client
            .<byte[], byte[]>consumer(Serdes.bytes(), Serdes.bytes())
            .assign(topic.name())
            .startAt(Position.earliest())
            .build();
  }

  void start() {
    receiver.start();
    sender.start();
  }

  long received() {
    return received.get();
  }

  /** The longest way of a record since the last call, in milliseconds. */
  double takeSlowestMs() {
    return slowestNanos.getAndSet(0) / 1e6;
  }

  /** Ends with the first failure, if there was one. */
  void throwIfFailed() {
    Throwable first = failure.get();
    if (first != null) {
      throw new IllegalStateException("a well-behaved client suffered", first);
    }
  }

  /** Stops sending and waits until everything that was sent has come back. */
  void finish() throws InterruptedException {
    sending = false;
    sender.join();
    receiver.join();
    throwIfFailed();
  }

  /** Deletes the topic with its records. */
  void deleteTopic() {
    client.admin().deleteTopic(topic).join();
  }

  private void send() {
    long due = System.nanoTime();
    while (sending && failure.get() == null) {
      due += intervalNanos;
      long early = due - System.nanoTime();
      if (early > SHORTEST_SLEEP_NS) {
        LockSupport.parkNanos(early);
      }
      ByteBuffer value = ByteBuffer.allocate(recordBytes);
      value.putLong(sent.getAndIncrement()).putLong(System.nanoTime());
      producer.send(
          topic,
          null,
          value.array(),
          (metadata, error) -> {
            if (error != null) {
              failure.compareAndSet(null, error);
            }
          });
    }
  }

  private void receive() {
    long lastArrival = System.nanoTime();
    while (failure.get() == null && (sending || received.get() < sent.get())) {
      try {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          lastArrival = System.nanoTime();
          check(ByteBuffer.wrap(record.value()), lastArrival);
        }
        if (System.nanoTime() - lastArrival > LATEST_ARRIVAL_NS) {
          throw new IllegalStateException("nothing came for a minute");
        }
      } catch (RuntimeException e) {
        failure.compareAndSet(null, e);
      }
    }
  }

  private void check(ByteBuffer value, long nowNanos) {
    long expected = received.getAndIncrement();
    long number = value.getLong();
    if (number != expected) {
      throw new IllegalStateException("record " + number + " came in the place of " + expected);
    }
    slowestNanos.accumulateAndGet(nowNanos - value.getLong(), Math::max);
  }

  @Override
  public void close() {
    client.close();
  }
}
