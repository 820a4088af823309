package io.tailrace.benchmarks.compare;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Kafka through kafka-clients. */
final class KafkaDriver implements Driver {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final String bootstrap;
  private final Admin admin;

  KafkaDriver(String bootstrap) {
    this.bootstrap = bootstrap;
    this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
  }

  @Override
  public void createTopic(String topic, int partitions, int replicas) {
    NewTopic created = new NewTopic(topic, partitions, (short) replicas);
    await(admin.createTopics(List.of(created)).all());
  }

  @Override
  public long leaderEpochs(String topic, int partitions) {
    return offsets(topic, partitions, OffsetSpec.latest()).stream()
        .mapToLong(end -> end.leaderEpoch().orElse(0))
        .sum();
  }

  @Override
  public void deleteTopic(String topic) {
    await(admin.deleteTopics(List.of(topic)).all());
  }

  @Override
  public long recordsIn(String topic, int partitions) {
    return sum(offsets(topic, partitions, OffsetSpec.latest()))
        - sum(offsets(topic, partitions, OffsetSpec.earliest()));
  }

  private static long sum(Collection<ListOffsetsResultInfo> offsets) {
    return offsets.stream().mapToLong(ListOffsetsResultInfo::offset).sum();
  }

  private Collection<ListOffsetsResultInfo> offsets(String topic, int partitions, OffsetSpec spec) {
    Map<TopicPartition, OffsetSpec> wanted =
        IntStream.range(0, partitions)
            .boxed()
            .collect(Collectors.toMap(i -> new TopicPartition(topic, i), i -> spec));
    return await(admin.listOffsets(wanted).all()).values();
  }

  private static <T> T await(KafkaFuture<T> future) {
    try {
      return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the broker refused an admin request", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Sender sender(String topic, SenderSettings settings, Consumer<Throwable> onSettled) {
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                ProducerConfig.BATCH_SIZE_CONFIG, settings.batchBytes(),
                ProducerConfig.LINGER_MS_CONFIG, settings.lingerMs(),
                ProducerConfig.ACKS_CONFIG, settings.acks(),
                ProducerConfig.COMPRESSION_TYPE_CONFIG, "none"),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    Callback callback = (metadata, error) -> onSettled.accept(error);
    return new Sender() {
      @Override
      public void send(byte[] value) {
        producer.send(new ProducerRecord<>(topic, value), callback);
      }

      @Override
      public void send(int partition, byte[] value) {
        producer.send(new ProducerRecord<>(topic, partition, null, value), callback);
      }

      @Override
      public void close() {
        producer.close(PATIENCE);
      }
    };
  }

  @Override
  public Receiver receiver(String topic, int partitions) {
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MAX_POLL_RECORDS,
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    List<TopicPartition> all =
        IntStream.range(0, partitions).mapToObj(i -> new TopicPartition(topic, i)).toList();
    consumer.assign(all);
    consumer.seekToBeginning(all);
    return new Receiver() {
      @Override
      public int poll(long timeoutMs, Consumer<byte[]> onValue) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(timeoutMs));
        for (ConsumerRecord<byte[], byte[]> record : records) {
          onValue.accept(record.value());
        }
        return records.count();
      }

      @Override
      public void close() {
        consumer.close();
      }
    };
  }

  @Override
  public void close() {
    admin.close();
  }
}
