package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.Consumer;
import io.tailrace.client.Serdes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.junit.jupiter.api.Test;

/** Groups of Kafka's own Java consumers with {@code group.protocol=consumer} on a real broker. */
class KafkaConsumerProtocolTest extends KafkaGroupFixture {
  private static final Duration POLL = Duration.ofMillis(50);

  private static KafkaConsumer<String, String> member(String group, Map<String, String> more) {
    return member(group, Map.of("group.protocol", "consumer"), more);
  }

  private static void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, what);
    }
  }

  private static void poll(KafkaConsumer<String, String> consumer, List<String> values) {
    consumer.poll(POLL).forEach(record -> values.add(record.value()));
  }

  @Test
  void membersOfBothKindsShareThePartitionsAndEachRecordIsReadOnce() throws Exception {
    create("shared");
    send("shared", 0, 100);
    List<String> read = new ArrayList<>();
    try (KafkaConsumer<String, String> first = member("workers", Map.of())) {
      first.subscribe(List.of("shared"));
      until(
          "the only member reads all",
          () -> {
            poll(first, read);
            return first.assignment().size() == PARTITIONS && read.size() == 100;
          });
      first.commitSync();
      try (KafkaConsumer<String, String> second = member("workers", Map.of())) {
        second.subscribe(List.of("shared"));
        until(
            "both have two partitions",
            () -> {
              poll(first, read);
              poll(second, read);
              return first.assignment().size() == 2 && second.assignment().size() == 2;
            });
        Set<TopicPartition> all = new HashSet<>(first.assignment());
        all.addAll(second.assignment());
        assertEquals(PARTITIONS, all.size());
        send("shared", 100, 200);
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
            return first.assignment().size() == PARTITIONS;
          });
      try (Consumer<String, String> other =
          client
              .consumer(Serdes.string(), Serdes.string())
              .group("workers")
              .subscribe("shared")
              .manualCommit()
              .build()) {
        until(
            "a native member has its share",
            () -> {
              poll(first, read);
              other.poll(POLL).forEach(record -> read.add(record.value()));
              return first.assignment().size() == 2 && other.assignment().size() == 2;
            });
        first.commitSync();
      }
    }
    assertEquals(200, new HashSet<>(read).size());
    assertEquals(200, read.size());
  }

  @Test
  void aStaticMemberKeepsItsPartitionsOverARestart() throws Exception {
    create("kept");
    Map<String, String> one = Map.of("group.instance.id", "one");
    Map<String, String> two = Map.of("group.instance.id", "two");
    List<String> read = new ArrayList<>();
    try (KafkaConsumer<String, String> first = member("statics", one)) {
      first.subscribe(List.of("kept"));
      Set<TopicPartition> before;
      try (KafkaConsumer<String, String> second = member("statics", two)) {
        second.subscribe(List.of("kept"));
        until(
            "both have two partitions",
            () -> {
              poll(first, read);
              poll(second, read);
              return first.assignment().size() == 2 && second.assignment().size() == 2;
            });
        before = Set.copyOf(second.assignment());
      }
      try (KafkaConsumer<String, String> again = member("statics", two)) {
        again.subscribe(List.of("kept"));
        until(
            "it has its partitions",
            () -> {
              poll(first, read);
              poll(again, read);
              return again.assignment().equals(before);
            });
        assertEquals(2, first.assignment().size());
      }
    }
  }

  @Test
  void aPatternIsMatchedByTheBroker() throws Exception {
    create("matched-a");
    List<String> read = new ArrayList<>();
    try (Admin admin = Admin.create(settings());
        KafkaConsumer<String, String> member = member("patterns", Map.of())) {
      member.subscribe(new SubscriptionPattern("matched-.*"));
      until(
          "it has the topic's partitions",
          () -> {
            poll(member, read);
            return member.assignment().size() == PARTITIONS;
          });
      create("matched-b");
      until(
          "it has those of the new topic too",
          () -> {
            poll(member, read);
            return member.assignment().size() == 2 * PARTITIONS;
          });
      ConsumerGroupDescription described =
          admin
              .describeConsumerGroups(List.of("patterns"))
              .describedGroups()
              .get("patterns")
              .get(60, TimeUnit.SECONDS);
      assertEquals(GroupState.STABLE, described.groupState());
      assertEquals(GroupType.CONSUMER, described.type());
      assertEquals("uniform", described.partitionAssignor());
      assertEquals(
          member.assignment(),
          described.members().iterator().next().assignment().topicPartitions());
    }
  }

  @Test
  void aPatternThatCannotBeReadIsRefused() {
    try (KafkaConsumer<String, String> member = member("bad-patterns", Map.of())) {
      member.subscribe(new SubscriptionPattern("(not closed"));
      until(
          "it is told so",
          () -> {
            try {
              member.poll(POLL);
              return false;
            } catch (InvalidRegularExpression e) {
              return true;
            }
          });
    }
  }
}
