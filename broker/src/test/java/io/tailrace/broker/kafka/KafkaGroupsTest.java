package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.Consumer;
import io.tailrace.client.Serdes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/** Groups of Kafka's own Java consumers on a real broker. */
class KafkaGroupsTest extends KafkaGroupFixture {
  private static final Duration POLL = Duration.ofMillis(100);

  private static KafkaConsumer<String, String> member(String group, Map<String, String> more) {
    return member(
        group, Map.of("session.timeout.ms", "6000", "heartbeat.interval.ms", "200"), more);
  }

  private static void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, what);
    }
  }

  private static void poll(KafkaConsumer<String, String> consumer, List<String> values) {
    for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
      values.add(record.value());
    }
  }

  @Test
  void membersShareThePartitionsAndTakeOverFromOneThatLeaves() throws Exception {
    create("shared-work");
    send("shared-work", 0, 100);
    List<String> read = new ArrayList<>();
    try (KafkaConsumer<String, String> first = member("workers", Map.of())) {
      first.subscribe(List.of("shared-work"));
      until(
          "the only member has all partitions",
          () -> {
            poll(first, read);
            return first.assignment().size() == 4 && read.size() == 100;
          });
      first.commitSync();
      try (KafkaConsumer<String, String> second = member("workers", Map.of())) {
        second.subscribe(List.of("shared-work"));
        until(
            "both members have two partitions",
            () -> {
              poll(first, read);
              poll(second, read);
              return first.assignment().size() == 2 && second.assignment().size() == 2;
            });
        Set<TopicPartition> all = new HashSet<>(first.assignment());
        all.addAll(second.assignment());
        assertEquals(4, all.size());
        send("shared-work", 100, 200);
        until(
            "both read",
            () -> {
              poll(first, read);
              poll(second, read);
              return read.size() >= 200;
            });
        first.commitSync();
        second.commitSync();
      }
      until(
          "the first has all again",
          () -> {
            poll(first, read);
            return first.assignment().size() == 4;
          });
      first.commitSync();
    }
    assertEquals(200, new HashSet<>(read).size());
    assertEquals(200, read.size());
  }

  @Test
  void aNativeConsumerGoesOnWhereAMemberOfKafkasCommitted() throws Exception {
    create("handed-over");
    send("handed-over", 0, 40);
    List<String> read = new ArrayList<>();
    try (KafkaConsumer<String, String> member = member("both-kinds", Map.of())) {
      member.subscribe(List.of("handed-over"));
      until(
          "it reads all",
          () -> {
            poll(member, read);
            return read.size() == 40;
          });
      member.commitSync();
    }
    send("handed-over", 40, 48);
    try (Consumer<String, String> member =
        client
            .consumer(Serdes.string(), Serdes.string())
            .group("both-kinds")
            .subscribe("handed-over")
            .manualCommit()
            .build()) {
      until(
          "the native member reads what came since",
          () -> {
            member.poll(POLL).forEach(record -> read.add(record.value()));
            return read.size() >= 48;
          });
      member.commit();
    }
    assertEquals(48, new HashSet<>(read).size());
    try (KafkaConsumer<String, String> member = member("both-kinds", Map.of())) {
      Set<TopicPartition> partitions =
          Set.of(new TopicPartition("handed-over", 0), new TopicPartition("handed-over", 3));
      Map<TopicPartition, OffsetAndMetadata> committed = member.committed(partitions);
      committed.values().forEach(offset -> assertEquals(12, offset.offset()));
      assertEquals(2, committed.size());
    }
  }

  @Test
  void aStaticMemberThatComesBackKeepsItsPartitionsWithoutARebalance() throws Exception {
    create("static-work");
    Map<String, String> one = Map.of("group.instance.id", "one");
    Map<String, String> two = Map.of("group.instance.id", "two");
    List<String> read = new ArrayList<>();
    try (KafkaConsumer<String, String> first = member("statics", one)) {
      first.subscribe(List.of("static-work"));
      Set<TopicPartition> before = new HashSet<>();
      try (KafkaConsumer<String, String> second = member("statics", two)) {
        second.subscribe(List.of("static-work"));
        until(
            "both have partitions",
            () -> {
              poll(first, read);
              poll(second, read);
              return first.assignment().size() == 2 && second.assignment().size() == 2;
            });
        before.addAll(second.assignment());
      }
      int generation = first.groupMetadata().generationId();
      try (KafkaConsumer<String, String> again = member("statics", two)) {
        again.subscribe(List.of("static-work"));
        until(
            "it has its partitions",
            () -> {
              poll(first, read);
              poll(again, read);
              return again.assignment().equals(before);
            });
        assertEquals(generation, first.groupMetadata().generationId());
      }
    }
  }

  @Test
  void aTransactionalProducerIsRefused() {
    Properties settings = settings();
    settings.put("transactional.id", "none");
    settings.put("max.block.ms", "20000");
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      KafkaException refused = assertThrows(KafkaException.class, producer::initTransactions);
      assertTrue(refused.getMessage().contains("transactions"), refused.getMessage());
    }
  }
}
