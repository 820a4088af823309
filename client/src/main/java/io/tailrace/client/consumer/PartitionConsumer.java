package io.tailrace.client.consumer;

import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Deserializer;
import io.tailrace.client.Position;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.WaitTime;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterView;
import io.tailrace.client.metadata.TopicView;
import io.tailrace.protocol.error.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * A consumer of assigned partitions: the half that runs on the polling thread; {@link Fetcher} is
 * the other half. Used by one thread at a time.
 */
public final class PartitionConsumer<K, V> implements Consumer<K, V> {
  private static final long WAIT_FOR_USER_NANOS = 1_000_000;

  private final ConsumerConfig config;
  private final Deserializer<? extends K> keyDeserializer;
  private final Deserializer<? extends V> valueDeserializer;
  private final FetchInbox inbox = new FetchInbox();
  private final Fetcher fetcher;
  private final java.util.function.Consumer<PartitionConsumer<K, V>> onClosed;
  private final int requestTimeoutMs;
  private final AtomicReference<Thread> user = new AtomicReference<>();
  private final Map<TopicPartition, PartitionReader<K, V>> readers = new HashMap<>();

  /** The readers in the order in which polls go round them. */
  private final List<PartitionReader<K, V>> round = new ArrayList<>();

  /** The partitions of {@link #round}, for other threads. */
  private volatile List<FetchedPartition> assigned = List.of();

  /** Topics that are read as a whole. */
  private Set<String> followed = Set.of();

  /** The view in which new partitions of the followed topics were last looked for. */
  private ClusterView seen = ClusterView.EMPTY;

  private int turn;
  private ConsumerHook hook = ConsumerHook.NONE;
  private volatile boolean closing;
  private boolean released;

  /**
   * Makes a consumer that reads nothing yet.
   *
   * @param onClosed told once when it has been closed
   */
  public PartitionConsumer(
      ConsumerConfig config,
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer,
      ClusterAccess cluster,
      java.util.function.Consumer<PartitionConsumer<K, V>> onClosed) {
    this.config = config;
    this.keyDeserializer = keyDeserializer;
    this.valueDeserializer = valueDeserializer;
    this.fetcher = new Fetcher(config, cluster, inbox);
    this.onClosed = onClosed;
    this.requestTimeoutMs = cluster.network().config().requestTimeoutMs();
  }

  /** Registers the fetcher with the client's connections and metadata. */
  public PartitionConsumer<K, V> start() {
    fetcher.start();
    return this;
  }

  /**
   * Reads these partitions, and those that the topics get later, from their start.
   *
   * @param topics whose partitions are all among those given
   */
  public void assign(Collection<TopicPartition> partitions, Collection<String> topics) {
    assign(partitions);
    followed = Set.copyOf(topics);
  }

  /** Adds the partitions that a topic that is read as a whole has got since it was last seen. */
  @SuppressWarnings("ReferenceEquality") // the same view is the same object
  private void addNewPartitions() {
    ClusterView view = fetcher.view();
    if (view == seen || followed.isEmpty()) {
      return;
    }
    seen = view;
    for (String topic : followed) {
      TopicView found = view.topic(topic);
      int count = found == null ? 0 : found.partitions().size();
      for (int i = 0; i < count; i++) {
        TopicPartition name = new TopicPartition(topic, i);
        if (!readers.containsKey(name)) {
          PartitionReader<K, V> reader = read(name, Position.earliest());
          round.add(reader);
          assigned = round.stream().map(PartitionReader::fetched).toList();
        }
      }
    }
  }

  private PartitionReader<K, V> read(TopicPartition name, Position from) {
    PartitionReader<K, V> reader =
        new PartitionReader<>(name, fetcher, keyDeserializer, valueDeserializer);
    readers.put(name, reader);
    reader.seek(from);
    return reader;
  }

  @Override
  public void assign(Collection<TopicPartition> partitions) {
    enter();
    try {
      followed = Set.of();
      Set<TopicPartition> wanted = new TreeSet<>(partitions);
      readers
          .values()
          .removeIf(
              reader -> {
                boolean remove = !wanted.contains(reader.name());
                if (remove) {
                  reader.close();
                }
                return remove;
              });
      for (TopicPartition name : wanted) {
        if (!readers.containsKey(name)) {
          read(name, config.startAt());
        }
      }
      round.clear();
      wanted.forEach(name -> round.add(readers.get(name)));
      assigned = round.stream().map(PartitionReader::fetched).toList();
      turn = 0;
    } finally {
      leave();
    }
  }

  @Override
  public Set<TopicPartition> assignment() {
    enter();
    try {
      return new TreeSet<>(readers.keySet());
    } finally {
      leave();
    }
  }

  @Override
  public List<ConsumerRecord<K, V>> poll(Duration timeout) {
    Duration limit = WaitTime.zeroOrMore("timeout", timeout);
    enter();
    try {
      long deadline = System.nanoTime() + limit.toNanos();
      hook.onPoll();
      while (true) {
        hook.onTurn();
        addNewPartitions();
        takeEvents();
        throwErrors(false);
        List<ConsumerRecord<K, V>> records = read();
        if (!records.isEmpty()) {
          return records;
        }
        long left = deadline - System.nanoTime();
        throwErrors(left <= 0);
        boolean woken = await(Math.max(0, left));
        if (closing) {
          throw closedError();
        }
        if (woken || left <= 0) {
          return records;
        }
      }
    } finally {
      leave();
    }
  }

  private void takeEvents() {
    var events = inbox.takeAll();
    for (FetchEvent event = events.poll(); event != null; event = events.poll()) {
      PartitionReader<K, V> reader = readers.get(event.partition().name);
      if (reader != null && reader.isFor(event.partition())) {
        reader.accept(event);
      } else {
        event.release();
      }
    }
  }

  /**
   * Throws the error of a partition that cannot be read: a new one at once, one that was thrown
   * before only when the poll's time is over, so that the other partitions are read on, and a
   * caller that goes on polling does not spin.
   */
  private void throwErrors(boolean timeIsOver) {
    for (PartitionReader<K, V> reader : round) {
      if (!reader.paused()) {
        reader.throwError(timeIsOver);
      }
    }
  }

  private List<ConsumerRecord<K, V>> read() {
    int count = round.size();
    for (int i = 0; i < count; i++) {
      PartitionReader<K, V> reader = round.get((turn + i) % count);
      if (!reader.hasRecords() || reader.paused()) {
        continue;
      }
      turn = (turn + i) % count;
      return readFrom(turn);
    }
    return List.of();
  }

  private List<ConsumerRecord<K, V>> readFrom(int start) {
    PolledRecords<K, V> polled = new PolledRecords<>(config);
    List<ConsumerRecord<K, V>> records = polled.list();
    int count = round.size();
    for (int i = 0; i < count && !polled.full(); i++) {
      turn = (start + i) % count;
      PartitionReader<K, V> reader = round.get(turn);
      if (reader.paused()) {
        continue;
      }
      try {
        reader.read(polled);
      } catch (RuntimeException | Error e) {
        if (records.isEmpty()) {
          throw e;
        }
        return records; // it is thrown again by the next poll, which starts with the same reader
      }
    }
    turn = (turn + 1) % count;
    return records;
  }

  private boolean await(long nanos) {
    try {
      return inbox.await(nanos);
    } catch (InterruptedException e) {
      throw TailraceException.interrupted("records", e);
    }
  }

  @Override
  public void seek(TopicPartition partition, long offset) {
    seek(partition, Position.offset(offset));
  }

  @Override
  public void seek(TopicPartition partition, Position position) {
    enter();
    try {
      reader(partition).seek(position);
    } finally {
      leave();
    }
  }

  @Override
  public void seekToBeginning(TopicPartition... partitions) {
    seek(partitions, Position.earliest());
  }

  @Override
  public void seekToEnd(TopicPartition... partitions) {
    seek(partitions, Position.latest());
  }

  @Override
  public void seekToTime(Instant time, TopicPartition... partitions) {
    seek(partitions, Position.at(time));
  }

  private void seek(TopicPartition[] partitions, Position position) {
    enter();
    try {
      if (partitions.length == 0) {
        round.forEach(reader -> reader.seek(position));
      } else {
        Arrays.stream(partitions).map(this::reader).toList().forEach(each -> each.seek(position));
      }
    } finally {
      leave();
    }
  }

  @Override
  public long position(TopicPartition partition) {
    enter();
    try {
      PartitionReader<K, V> reader = reader(partition);
      long deadline = System.nanoTime() + requestTimeoutMs * 1_000_000L;
      hook.onTurn();
      takeEvents();
      while (reader.position() == FetchedPartition.UNKNOWN) {
        reader.throwError(true);
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          throw new TailraceException(
              ErrorCode.REQUEST_TIMED_OUT,
              "the position of " + partition + " was not found within " + requestTimeoutMs + " ms");
        }
        await(left);
        hook.onTurn();
        reader = reader(partition); // a group may have taken it away
        takeEvents();
      }
      return reader.position();
    } finally {
      leave();
    }
  }

  @Override
  public OptionalLong lag(TopicPartition partition) {
    enter();
    try {
      return reader(partition).lag();
    } finally {
      leave();
    }
  }

  @Override
  public void pause(Collection<TopicPartition> partitions) {
    setPaused(partitions, true);
  }

  @Override
  public void resume(Collection<TopicPartition> partitions) {
    setPaused(partitions, false);
  }

  private void setPaused(Collection<TopicPartition> partitions, boolean paused) {
    enter();
    try {
      partitions.stream().map(this::reader).toList().forEach(each -> each.setPaused(paused));
    } finally {
      leave();
    }
  }

  @Override
  public Set<TopicPartition> paused() {
    enter();
    try {
      Set<TopicPartition> paused = new TreeSet<>();
      for (PartitionReader<K, V> reader : round) {
        if (reader.paused()) {
          paused.add(reader.name());
        }
      }
      return paused;
    } finally {
      leave();
    }
  }

  @Override
  public void subscribe(Collection<String> topics) {
    throw withoutGroup();
  }

  @Override
  public void commit() {
    throw withoutGroup();
  }

  @Override
  public CompletableFuture<Void> commitAsync() {
    throw withoutGroup();
  }

  @Override
  public CompletableFuture<Void> commitAsync(Map<TopicPartition, Long> offsets) {
    throw withoutGroup();
  }

  @Override
  public Map<TopicPartition, Long> committed(Collection<TopicPartition> partitions) {
    throw withoutGroup();
  }

  private static IllegalStateException withoutGroup() {
    return new IllegalStateException(
        "the consumer has no group; name one with group() when it is built");
  }

  @Override
  public void wakeup() {
    inbox.wakeup();
  }

  @Override
  public void close() {
    if (closing) {
      return;
    }
    enter();
    closing = true;
    try {
      hook.onClose(requestTimeoutMs);
    } finally {
      release();
      leave();
      onClosed.accept(this);
    }
  }

  /**
   * Closes the consumer from any thread: a poll in progress fails. Thread-safe.
   *
   * @param timeout how long to wait for the thread that uses it
   */
  public void closeFromOutside(Duration timeout) {
    closing = true;
    inbox.wakeup();
    long deadline = System.nanoTime() + timeout.toNanos();
    boolean mine = user.compareAndSet(null, Thread.currentThread());
    while (!mine
        && System.nanoTime() < deadline
        && !Thread.currentThread().isInterrupted()) { // parking does not wait then
      LockSupport.parkNanos(WAIT_FOR_USER_NANOS);
      mine = user.compareAndSet(null, Thread.currentThread());
    }
    if (mine) {
      hook.onClose(Math.max(0, (deadline - System.nanoTime()) / 1_000_000));
      release();
      leave();
    } else {
      hook.onAbandoned();
      fetcher.close(); // the rest is freed when the thread comes by again
    }
    onClosed.accept(this);
  }

  private void release() {
    if (released) {
      return;
    }
    released = true;
    fetcher.close();
    takeEvents();
    inbox.close();
    readers.values().forEach(PartitionReader::close);
    readers.clear();
    round.clear();
    assigned = List.of();
  }

  /** Records of all partitions that polls have not returned, as far as is known. Thread-safe. */
  public long totalLag() {
    return assigned.stream().mapToLong(FetchedPartition::lag).sum();
  }

  /** Whether there is nothing between the partition's position and this offset. */
  boolean isEmptyUpTo(TopicPartition partition, long end) {
    return reader(partition).isEmptyUpTo(end);
  }

  // ---- for a hook, on the thread that polls ----

  void setHook(ConsumerHook hook) {
    this.hook = hook;
  }

  /** Ends a wait of the polling thread, which then runs its hook again. Thread-safe. */
  void nudge() {
    inbox.nudge();
  }

  /** Reads these partitions as well, each from where it is sought. */
  void add(Collection<TopicPartition> partitions) {
    for (TopicPartition name : partitions) {
      PartitionReader<K, V> reader =
          new PartitionReader<>(name, fetcher, keyDeserializer, valueDeserializer);
      readers.put(name, reader);
      round.add(reader);
    }
    assigned = round.stream().map(PartitionReader::fetched).toList();
  }

  /** Does not read these partitions any more. */
  void remove(Collection<TopicPartition> partitions) {
    for (TopicPartition name : partitions) {
      PartitionReader<K, V> reader = readers.remove(name);
      if (reader != null) {
        reader.close();
        round.remove(reader);
      }
    }
    turn = 0;
    assigned = round.stream().map(PartitionReader::fetched).toList();
  }

  /** Sets the start position of a partition, unless it has one or is no longer assigned. */
  void start(TopicPartition partition, Position position) {
    PartitionReader<K, V> reader = readers.get(partition);
    if (reader != null && !reader.isSought()) {
      reader.seek(position);
    }
  }

  /** Whether the partition is assigned and has no start position yet. */
  boolean isUnsought(TopicPartition partition) {
    PartitionReader<K, V> reader = readers.get(partition);
    return reader != null && !reader.isSought();
  }

  /** The known positions of all partitions. */
  Map<TopicPartition, Long> positions() {
    Map<TopicPartition, Long> positions = new HashMap<>();
    for (PartitionReader<K, V> reader : round) {
      if (reader.position() != FetchedPartition.UNKNOWN) {
        positions.put(reader.name(), reader.position());
      }
    }
    return positions;
  }

  /** Runs a callback of the user's within a poll; it may use the consumer. */
  void callBack(Runnable callback) {
    leave();
    try {
      callback.run();
    } finally {
      user.set(Thread.currentThread());
    }
  }

  /** Runs an action as a method of the consumer: on one thread at a time. */
  <T> T use(Supplier<T> action) {
    enter();
    try {
      return action.get();
    } finally {
      leave();
    }
  }

  ConsumerConfig config() {
    return config;
  }

  private PartitionReader<K, V> reader(TopicPartition partition) {
    PartitionReader<K, V> reader = readers.get(partition);
    if (reader == null) {
      throw new IllegalStateException(partition + " is not assigned to this consumer");
    }
    return reader;
  }

  private void enter() {
    Thread current = Thread.currentThread();
    Thread other = user.compareAndExchange(null, current);
    if (other != null && other != current && closing) {
      throw closedError(); // another thread is closing it, and frees the fetched records
    }
    if (other != null) {
      throw new IllegalStateException(
          other == current
              ? "the consumer must not be used by what its own poll calls"
              : "the consumer is in use by thread '"
                  + other.getName()
                  + "': it is for one thread at a time, others may only wake it up");
    }
    if (closing) {
      release();
      leave();
      throw closedError();
    }
  }

  private void leave() {
    user.set(null);
  }

  private static TailraceException closedError() {
    return new TailraceException(ErrorCode.CLIENT_CLOSED, "the consumer is closed");
  }
}
