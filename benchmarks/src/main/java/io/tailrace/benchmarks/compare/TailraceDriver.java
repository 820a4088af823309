package io.tailrace.benchmarks.compare;

import io.tailrace.client.Acks;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Message;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.SendCallback;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.protocol.record.CompressionType;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Tailrace through its Java client. */
final class TailraceDriver implements Driver {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final TailraceClient client;

  TailraceDriver(String bootstrap) {
    this.client = TailraceClient.builder().bootstrap(bootstrap).requestTimeout(PATIENCE).connect();
  }

  @Override
  public void createTopic(String topic, int partitions, int replicas) {
    await(
        client
            .admin()
            .createTopic(Topic.named(topic).partitions(partitions).replicationFactor(replicas)));
  }

  @Override
  public long leaderEpochs(String topic, int partitions) {
    return await(client.admin().listOffsets(topic, Position.latest())).values().stream()
        .mapToLong(PartitionOffset::leaderEpoch)
        .sum();
  }

  @Override
  public void deleteTopic(String topic) {
    await(client.admin().deleteTopic(topic));
  }

  @Override
  public long recordsIn(String topic, int partitions) {
    return offsets(topic, Position.latest()) - offsets(topic, Position.earliest());
  }

  private long offsets(String topic, Position position) {
    return await(client.admin().listOffsets(topic, position)).values().stream()
        .mapToLong(PartitionOffset::offset)
        .sum();
  }

  private static <T> T await(CompletableFuture<T> future) {
    return future.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }

  @Override
  public Sender sender(String topic, SenderSettings settings, Consumer<Throwable> onSettled) {
    Producer<byte[], byte[]> producer =
        client
            .<byte[], byte[]>producerBuilder(Serdes.bytes(), Serdes.bytes())
            .acks(settings.acks().equals("all") ? Acks.ALL : Acks.LEADER)
            .batchBytes(settings.batchBytes())
            .linger(Duration.ofMillis(settings.lingerMs()))
            .compression(CompressionType.NONE)
            .build();
    SendCallback callback = (metadata, error) -> onSettled.accept(error);
    return new Sender() {
      @Override
      public void send(byte[] value) {
        producer.send(topic, null, value, callback);
      }

      @Override
      public void send(int partition, byte[] value) {
        producer.send(
            Message.<byte[], byte[]>of(topic, null, value).partition(partition), callback);
      }

      @Override
      public void close() {
        producer.close(PATIENCE);
      }
    };
  }

  @Override
  public Receiver receiver(String topic, int partitions) {
    io.tailrace.client.Consumer<byte[], byte[]> consumer =
        client
            .<byte[], byte[]>consumer(Serdes.bytes(), Serdes.bytes())
            .assign(topic)
            .startAt(Position.earliest())
            .maxPollRecords(MAX_POLL_RECORDS)
            .build();
    return new Receiver() {
      @Override
      public int poll(long timeoutMs, Consumer<byte[]> onValue) {
        List<ConsumerRecord<byte[], byte[]>> records = consumer.poll(Duration.ofMillis(timeoutMs));
        for (ConsumerRecord<byte[], byte[]> record : records) {
          onValue.accept(record.value());
        }
        return records.size();
      }

      @Override
      public void close() {
        consumer.close();
      }
    };
  }

  @Override
  public void close() {
    client.close();
  }
}
