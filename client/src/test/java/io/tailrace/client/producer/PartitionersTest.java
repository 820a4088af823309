package io.tailrace.client.producer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.Partitioner;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;

class PartitionersTest {

  @Test
  void hashesKeysLikeKafka() {
    Random random = new Random(1);
    for (int i = 0; i < 10_000; i++) {
      byte[] key = new byte[random.nextInt(60)];
      random.nextBytes(key);
      assertEquals(Utils.murmur2(key), Partitioner.murmur2(key));
    }
  }

  @Test
  void putsKeysIntoThePartitionsThatKafkaWouldChoose() {
    Partitioner partitioner = Partitioner.keyHash();
    Random random = new Random(2);
    for (int i = 0; i < 1000; i++) {
      byte[] key = new byte[1 + random.nextInt(30)];
      random.nextBytes(key);
      int partitions = 1 + random.nextInt(100);
      assertEquals(
          BuiltInPartitioner.partitionForKey(key, partitions),
          partitioner.partition("t", key, null, partitions));
    }
  }

  @Test
  void sendsRecordsWithoutKeyToOnePartitionUntilABatchIsFull() {
    Partitioner partitioner = Partitioners.keyHash(1000);
    byte[] value = new byte[90];
    Set<Integer> seen = new HashSet<>();
    int changes = 0;
    int last = -1;
    for (int i = 0; i < 1000; i++) {
      int partition = partitioner.partition("t", null, value, 5);
      changes += partition == last ? 0 : 1;
      last = partition;
      seen.add(partition);
    }
    assertEquals(Set.of(0, 1, 2, 3, 4), seen);
    assertEquals(100, changes, 5);
  }

  @Test
  void choosesAnotherPartitionThanTheLastWhenItMovesOn() {
    Partitioner partitioner = Partitioners.keyHash(1);
    int last = partitioner.partition("t", null, new byte[10], 3);
    for (int i = 0; i < 100; i++) {
      int next = partitioner.partition("t", null, new byte[10], 3);
      assertNotEquals(last, next);
      last = next;
    }
  }

  @Test
  void goesRoundAllPartitionsOfEachTopic() {
    Partitioner partitioner = Partitioner.roundRobin();
    int first = partitioner.partition("a", null, null, 4);
    for (int i = 1; i < 20; i++) {
      partitioner.partition("b", null, null, 4);
      assertEquals((first + i) % 4, partitioner.partition("a", new byte[1], null, 4));
    }
  }

  @Test
  void staysWithinFewerPartitionsWhenATopicShrinks() {
    Partitioner partitioner = Partitioner.sticky();
    partitioner.partition("t", null, null, 100);
    for (int i = 0; i < 100; i++) {
      int partition = partitioner.partition("t", null, null, 2);
      assertTrue(partition >= 0 && partition < 2);
    }
  }
}
