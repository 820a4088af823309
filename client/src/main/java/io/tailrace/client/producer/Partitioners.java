package io.tailrace.client.producer;

import io.tailrace.client.Partitioner;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/** The partitioners that {@link Partitioner} offers. Thread-safe. */
public final class Partitioners {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int MURMUR_SEED = 0x9747b28c;
  private static final int MURMUR_M = 0x5bd1e995;
  private static final int MURMUR_R = 24;

  /** Bytes after which a sticky partitioner moves on. */
  private static final int STICKY_BYTES = 16 * 1024;

  private Partitioners() {}

  /** See {@link Partitioner#keyHash()}. */
  public static Partitioner keyHash() {
    return keyHash(STICKY_BYTES);
  }

  /**
   * See {@link Partitioner#keyHash()}.
   *
   * @param stickyBytes after which records without a key go to another partition
   */
  static Partitioner keyHash(int stickyBytes) {
    Partitioner withoutKey = sticky(stickyBytes);
    return (topic, key, value, partitions) ->
        key == null
            ? withoutKey.partition(topic, null, value, partitions)
            : (murmur2(key) & 0x7fffffff) % partitions;
  }

  /** See {@link Partitioner#roundRobin()}. */
  public static Partitioner roundRobin() {
    ConcurrentHashMap<String, AtomicInteger> next = new ConcurrentHashMap<>();
    return (topic, key, value, partitions) -> {
      AtomicInteger counter = next.get(topic);
      if (counter == null) {
        counter =
            next.computeIfAbsent(
                topic, name -> new AtomicInteger(ThreadLocalRandom.current().nextInt(1 << 16)));
      }
      return Integer.remainderUnsigned(counter.getAndIncrement(), partitions);
    };
  }

  /** See {@link Partitioner#sticky()}. */
  public static Partitioner sticky() {
    return sticky(STICKY_BYTES);
  }

  private static Partitioner sticky(int stickyBytes) {
    ConcurrentHashMap<String, StickyTopic> topics = new ConcurrentHashMap<>();
    return (topic, key, value, partitions) -> {
      StickyTopic state = topics.get(topic);
      if (state == null) {
        state = topics.computeIfAbsent(topic, name -> new StickyTopic(stickyBytes));
      }
      return state.next(bytes(key) + bytes(value), partitions);
    };
  }

  private static int bytes(byte[] data) {
    return data == null ? 0 : data.length;
  }

  /**
   * MurmurHash2 with 32 bits, as Austin Appleby published it, with the seed that Kafka's clients
   * use.
   */
  public static int murmur2(byte[] data) {
    int length = data.length;
    int h = MURMUR_SEED ^ length;
    int i = 0;
    for (; i + 4 <= length; i += 4) {
      int k = (int) INT.get(data, i) * MURMUR_M;
      k ^= k >>> MURMUR_R;
      h = h * MURMUR_M ^ k * MURMUR_M;
    }
    int rest = 0;
    for (int j = length - 1; j >= i; j--) {
      rest = (rest << 8) | (data[j] & 0xff);
    }
    if (i < length) {
      h = (h ^ rest) * MURMUR_M;
    }
    h ^= h >>> 13;
    h *= MURMUR_M;
    return h ^ (h >>> 15);
  }

  /**
   * Where the records of one topic go at the moment. Threads may race: then a partition gets a
   * record more or less before the next is chosen, which does not matter.
   */
  private static final class StickyTopic {
    private final int stickyBytes;
    private volatile int partition = -1;
    private int bytesLeft;

    StickyTopic(int stickyBytes) {
      this.stickyBytes = stickyBytes;
    }

    int next(int size, int partitions) {
      int current = partition;
      int cost = size + 10; // approximate bytes of a record besides key and value
      int left = bytesLeft - cost;
      if (current < 0 || current >= partitions || left < 0) {
        current = another(current, partitions);
        left = stickyBytes - cost;
        partition = current;
      }
      bytesLeft = left;
      return current;
    }

    private static int another(int current, int partitions) {
      ThreadLocalRandom random = ThreadLocalRandom.current();
      if (current < 0 || current >= partitions || partitions == 1) {
        return random.nextInt(partitions);
      }
      int other = random.nextInt(partitions - 1);
      return other < current ? other : other + 1;
    }
  }
}
