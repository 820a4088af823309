package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.config.RecordLimits;
import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.partition.DeliveryLogs;
import io.tailrace.broker.partition.FollowerListener;
import io.tailrace.broker.partition.FollowerPosition;
import io.tailrace.broker.partition.FurtherStates;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionServices;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.ReplicatedLog;
import io.tailrace.broker.partition.Replication;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.partition.derived.LeaderEpochs;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.broker.service.ResponseMemory;
import io.tailrace.broker.testkit.ManualScheduler;
import io.tailrace.coordinator.cluster.InSyncChange;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.queue.DeadLetters;
import io.tailrace.coordinator.queue.QueueLimits;
import io.tailrace.coordinator.queue.QueueSettings;
import io.tailrace.coordinator.replica.PartitionMetadata;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;

/**
 * Some replicas of one partition with one queue, on one thread: the real partitions, delivery logs
 * and queues, with disks in memory and metadata and fetches that go where the test says. Not
 * thread-safe.
 */
final class DeliveryReplicas {
  static final String QUEUE = "jobs";
  static final UUID QUEUE_ID = new UUID(7, 7);
  static final UUID TOPIC_ID = new UUID(1, 2);
  private static final long LAG_MS = 5_000;
  private static final int FETCH_BYTES = 2_000;

  final ManualClock clock = new ManualClock(1_000_000);
  final List<Replica> replicas = new ArrayList<>();
  boolean loadsDamaged;
  private final List<Integer> ids;
  private final int minInSync;
  private PartitionImage image;

  /** One broker, as far as the partition is concerned. */
  final class Replica {
    final int id;
    final InMemoryDisk disk = new InMemoryDisk(clock);
    final ArrayDeque<TopicImage> images = new ArrayDeque<>();

    /** Null while the process is dead. */
    Partition partition;

    PartitionDelivery delivery;
    private ManualScheduler scheduler = new ManualScheduler();
    private int brokerEpoch;

    Replica(int id) {
      this.id = id;
    }

    InSyncReplica registration() {
      return new InSyncReplica(id, brokerEpoch, new UUID(0, id));
    }

    boolean lives() {
      return partition != null;
    }

    /** Begins with what the disk has. */
    void start() {
      brokerEpoch++;
      scheduler = new ManualScheduler();
      Replication replication =
          new Replication(
              new FollowsByHand(),
              DeliveryReplicas.this::propose,
              (topic, id, leaderEpoch) -> depart(this, leaderEpoch),
              LAG_MS,
              DeliveryLogs.NONE,
              report -> {});
      partition =
          new Partition(
              QUEUE + ".inbox",
              new LogId(TOPIC_ID, 0),
              LogConfig.defaults(),
              scheduler,
              new PartitionServices(
                  id,
                  new InMemoryLogStore(disk),
                  clock,
                  new Upkeep(3_600_000, 3_600_000),
                  replication,
                  FurtherStates.NONE));
      ReaderThreads inline = new ReaderThreads(1, 1);
      inline.close(); // reads run on the thread that asks then
      delivery =
          new PartitionDelivery(
              partition,
              new DeliveryResources(
                  inline,
                  new ResponseMemory(1 << 30),
                  configs -> new RecordLimits(1 << 20, Long.MAX_VALUE, Long.MAX_VALUE, -1, false),
                  null, // nothing is dead-lettered here
                  () -> loadsDamaged,
                  clock));
      images.clear();
      images.add(topic());
    }

    /** The process dies; what it has written stays. */
    void kill() {
      partition = null;
      delivery = null;
      images.clear();
      scheduler = new ManualScheduler();
      disk.killProcess();
    }

    /** Takes over the oldest image that it has not seen. */
    void deliverImage() {
      TopicImage next = images.poll();
      if (lives() && next != null) {
        partition.onMetadata(PartitionMetadata.of(next.partitions().get(0), minInSync));
        delivery.onQueues(next, Map.of(QUEUE_ID, queue()));
        run();
      }
    }
  }

  private static final class FollowsByHand implements FollowerListener {
    @Override
    public void onRole(Partition partition) {}

    @Override
    public void onSynced(Partition partition) {}
  }

  DeliveryReplicas() {
    this(3);
  }

  DeliveryReplicas(int count) {
    ids = IntStream.range(0, count).boxed().toList();
    minInSync = Math.min(2, count);
    for (int id : ids) {
      replicas.add(new Replica(id));
    }
    List<InSyncReplica> all = new ArrayList<>();
    for (Replica each : replicas) {
      all.add(new InSyncReplica(each.id, 1, new UUID(0, each.id)));
    }
    image = new PartitionImage(0, 0, 1, ids, all, List.of(), 1);
    replicas.forEach(Replica::start);
    heal(); // the queue is bound from offset 0 on
  }

  private TopicImage topic() {
    return new TopicImage(QUEUE + ".inbox", TOPIC_ID, TopicType.LOG, List.of(image), Map.of());
  }

  private static QueueImage queue() {
    QueueBinding binding = new QueueBinding(QUEUE + ".inbox", TOPIC_ID, "", 0, true);
    QueueSettings settings =
        new QueueSettings(1_000, 100, 2, 1_000, 3_000, DeadLetters.OWN_QUEUE, QueueLimits.NONE);
    return new QueueImage(QUEUE, QUEUE_ID, 1, settings, List.of(binding));
  }

  // ---- what the controller does ----

  /** The metadata's leader; null when it is dead, or there is none. */
  Replica leader() {
    Replica leader = image.hasLeader() ? replicas.get(image.leader()) : null;
    return leader != null && leader.lives() ? leader : null;
  }

  private void change(
      int leader, int epoch, List<InSyncReplica> inSync, List<InSyncReplica> eligible) {
    image = new PartitionImage(0, leader, epoch, ids, inSync, eligible, image.version() + 1);
    replicas.stream().filter(Replica::lives).forEach(each -> each.images.add(topic()));
  }

  /** Lets a member of the in-sync set that lives lead in a new epoch, if there is one. */
  void elect(int preferred) {
    List<InSyncReplica> alive = new ArrayList<>();
    for (InSyncReplica member : image.inSync()) {
      Replica replica = replicas.get(member.brokerId());
      if (replica.lives() && replica.registration().equals(member)) {
        alive.add(member);
      }
    }
    if (!alive.isEmpty()) {
      int leader = alive.get(Math.floorMod(preferred, alive.size())).brokerId();
      List<InSyncReplica> eligible = new ArrayList<>(image.eligibleLeaderReplicas());
      image.inSync().stream().filter(member -> !alive.contains(member)).forEach(eligible::add);
      boolean enough = alive.size() >= minInSync;
      change(leader, image.leaderEpoch() + 1, alive, enough ? List.of() : eligible);
    }
  }

  /** All replicas have come back and are whole: one of them leads, and all stay in sync. */
  void electWhole(int leader) {
    List<InSyncReplica> all = replicas.stream().map(Replica::registration).toList();
    change(leader, image.leaderEpoch() + 1, all, List.of());
  }

  /** Lets any replica lead, whatever it lacks. */
  void electUnclean(int leader) {
    change(
        leader, image.leaderEpoch() + 1, List.of(replicas.get(leader).registration()), List.of());
  }

  /** How many members of the in-sync set live under the registration that the set names. */
  long inSyncAlive() {
    return image.inSync().stream()
        .filter(member -> replicas.get(member.brokerId()).lives())
        .filter(member -> replicas.get(member.brokerId()).registration().equals(member))
        .count();
  }

  private CompletionStage<Boolean> propose(InSyncChange proposed) {
    boolean accepted =
        proposed.partitionVersion() == image.version()
            && proposed.leaderEpoch() == image.leaderEpoch();
    for (InSyncReplica member : proposed.members()) {
      Replica replica = replicas.get(member.brokerId());
      accepted &= replica.lives() && replica.registration().equals(member);
    }
    if (accepted) {
      change(image.leader(), image.leaderEpoch(), proposed.members(), proposed.eligible());
    }
    return CompletableFuture.completedFuture(accepted);
  }

  /** As the metadata store would take a damaged replica out of the sets. */
  private CompletionStage<Boolean> depart(Replica damaged, int leaderEpoch) {
    List<InSyncReplica> inSync = without(damaged, image.inSync());
    List<InSyncReplica> eligible = without(damaged, image.eligibleLeaderReplicas());
    boolean listed =
        inSync.size() < image.inSync().size()
            || eligible.size() < image.eligibleLeaderReplicas().size();
    if (!listed && image.leaderEpoch() > leaderEpoch) {
      return CompletableFuture.completedFuture(true);
    }
    List<InSyncReplica> alive =
        inSync.stream()
            .filter(member -> replicas.get(member.brokerId()).lives())
            .filter(member -> replicas.get(member.brokerId()).registration().equals(member))
            .toList();
    boolean leads = image.leader() == damaged.id;
    boolean led = alive.stream().anyMatch(member -> member.brokerId() == image.leader());
    if (alive.isEmpty() || (!leads && !led)) {
      return CompletableFuture.completedFuture(false);
    }
    change(
        leads ? alive.get(0).brokerId() : image.leader(),
        image.leaderEpoch() + 1,
        inSync,
        eligible);
    return CompletableFuture.completedFuture(true);
  }

  private static List<InSyncReplica> without(Replica one, List<InSyncReplica> members) {
    return members.stream().filter(member -> member.brokerId() != one.id).toList();
  }

  // ---- what followers do ----

  /** One fetch of both logs, from the leader that the follower knows. */
  void fetch(Replica follower) {
    fetch(follower, true, true);
  }

  /** One fetch of some of the logs. */
  void fetch(Replica follower, boolean data, boolean delivery) {
    if (!follower.lives() || follower.partition.followedLeader() < 0) {
      return;
    }
    Replica leader = replicas.get(follower.partition.followedLeader());
    if (leader.lives() && leader != follower) {
      if (data) {
        fetch(follower, follower.partition.replicated(), leader.partition.replicated());
      }
      if (delivery) {
        fetch(follower, follower.partition.delivery(), leader.partition.delivery());
      }
    }
  }

  private void fetch(Replica follower, ReplicatedLog to, ReplicatedLog from) {
    to.whenReady(() -> {});
    from.whenReady(() -> {});
    run();
    int epoch = to.leaderEpoch();
    if (!to.isOpen() || !from.isOpen() || from.checkAccess(epoch) != null) {
      return;
    }
    FollowerPosition at = to.position();
    LeaderEpochs.EpochEnd diverging = from.onFollowerFetch(follower.registration(), at);
    if (diverging != null) {
      to.truncateToEpoch(epoch, diverging);
    } else if (at.logEndOffset() < from.log().logStartOffset()
        || at.logEndOffset() > from.log().logEndOffset()) {
      to.restartAt(epoch, from.log().logStartOffset());
    } else {
      ByteBuf batches = ByteBufAllocator.DEFAULT.buffer();
      from.read(at.logEndOffset(), ReadEnd.LOG_END, FETCH_BYTES, batches);
      long highWatermark = from.highWatermark();
      long start = from.log().logStartOffset();
      if (batches.isReadable()) {
        to.appendFetched(epoch, batches, problem -> {});
      } else {
        batches.release();
      }
      run();
      if (to.isOpen()) {
        to.onLeaderProgress(epoch, highWatermark, start);
      }
    }
    run();
  }

  // ---- time ----

  /** Runs all that is due, on all replicas. */
  void run() {
    replicas.forEach(each -> each.scheduler.run());
  }

  void advance(long ms) {
    clock.setMs(clock.wallMs() + ms);
    for (Replica each : replicas) {
      each.scheduler.advance(ms);
      if (each.lives()) {
        each.partition.onTick();
      }
    }
    run();
  }

  /** Brings everybody back and up to date. */
  void heal() {
    for (Replica each : replicas) {
      if (!each.lives()) {
        each.start();
      }
    }
    if (leader() == null || inSyncAlive() < 1) {
      elect(0);
    }
    for (int i = 0; i < 200; i++) {
      for (Replica each : replicas) {
        while (!each.images.isEmpty()) {
          each.deliverImage();
        }
        fetch(each);
      }
      advance(50);
    }
  }

  /** The batches of one of a replica's logs. */
  List<byte[]> batches(Replica replica, LogId.Kind kind) {
    return replica.disk.batches(new LogId(TOPIC_ID, 0, kind));
  }
}
