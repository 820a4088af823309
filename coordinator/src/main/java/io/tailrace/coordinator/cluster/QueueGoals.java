package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.Goal.Done;
import io.tailrace.coordinator.cluster.Goal.Refused;
import io.tailrace.coordinator.cluster.Goal.Step;
import io.tailrace.coordinator.cluster.Goal.Write;
import io.tailrace.coordinator.queue.QueueSettings;
import io.tailrace.coordinator.routing.BindingKeys;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.topic.TopicName;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;

/** Queues and their bindings: any broker may change them. */
final class QueueGoals {
  private static final int MAX_BINDINGS = 5_000;
  private static final int MAX_BYTES = 512 * 1024;

  /** What a binding takes in the metadata besides its names: an id and numbers. */
  private static final int BINDING_BYTES = 32;

  private QueueGoals() {}

  /** A queue that does not exist yet. */
  record Create(String name, UUID id, QueueSettings settings, String exchange, List<String> keys)
      implements Goal<Void> {
    @Override
    public Step<Void> next(ClusterState state) {
      MetadataKey.Queue key = new MetadataKey.Queue(name);
      if (state.unreadable(key)) {
        return unreadable(name);
      }
      ClusterState.Node<MetadataValue.Queue> node = state.queue(name);
      if (node != null) {
        return node.value().id().equals(id)
            ? new Done<>(null)
            : new Refused<>(ErrorCode.QUEUE_EXISTS, "queue '" + name + "' already exists");
      }
      String problem = TopicName.problem(name);
      if (problem == null) {
        problem = TopicName.problem(QueueImage.inboxOf(name));
      }
      if (problem == null) {
        problem = settings.problem();
      }
      if (problem != null) {
        return new Refused<>(ErrorCode.INVALID_QUEUE, problem.replace("a topic's", "a queue's"));
      }
      List<QueueBinding> bindings = new ArrayList<>();
      List<MetadataWrite> writes = new ArrayList<>();
      if (!exchange.isEmpty()) {
        Refused<Void> refused =
            add(bindings, state.topic(exchange), exchange, keys, isOwn(name, settings));
        if (refused != null) {
          return refused;
        }
        writes.add(exists(state.topic(exchange)));
      }
      writes.add(
          new MetadataWrite.Create(key, new MetadataValue.Queue(id, settings, bindings), false));
      return new Write<>(writes);
    }
  }

  /** No queue with this name, or at least not the one that had it at first. */
  static final class Delete implements Goal<Void> {
    private final String name;
    private UUID id;

    Delete(String name) {
      this.name = name;
    }

    @Override
    public Step<Void> next(ClusterState state) {
      ClusterState.Node<MetadataValue.Queue> node = state.queue(name);
      if (id == null) {
        if (state.unreadable(new MetadataKey.Queue(name))) {
          return unreadable(name);
        }
        if (node == null) {
          return unknown(name);
        }
        id = node.value().id();
      }
      return node == null || !node.value().id().equals(id)
          ? new Done<>(null)
          : new Write<>(
              List.of(new MetadataWrite.Delete(new MetadataKey.Queue(name), node.version())));
    }
  }

  /** More bindings of a queue to an exchange, or fewer. */
  record Rebind(String name, String exchange, List<String> keys, boolean bind)
      implements Goal<Void> {
    @Override
    public Step<Void> next(ClusterState state) {
      MetadataKey.Queue key = new MetadataKey.Queue(name);
      if (state.unreadable(key)) {
        return unreadable(name);
      }
      ClusterState.Node<MetadataValue.Queue> node = state.queue(name);
      if (node == null) {
        return unknown(name);
      }
      TopicState topic = state.topic(exchange);
      List<QueueBinding> bindings = new ArrayList<>(node.value().bindings());
      Refused<Void> refused =
          bind
              ? add(bindings, topic, exchange, keys, isOwn(name, node.value().settings()))
              : remove(bindings, exchange, keys);
      if (refused != null) {
        return refused;
      }
      if (bindings.equals(node.value().bindings())) {
        return new Done<>(null);
      }
      List<MetadataWrite> writes = new ArrayList<>();
      if (bind) {
        writes.add(exists(topic));
      }
      writes.add(
          new MetadataWrite.Update(
              key,
              new MetadataValue.Queue(node.value().id(), node.value().settings(), bindings),
              node.version()));
      return new Write<>(writes);
    }

    private Refused<Void> remove(List<QueueBinding> bindings, String from, List<String> which) {
      for (String each : which) {
        boolean found = false;
        for (int i = 0; i < bindings.size(); i++) {
          QueueBinding at = bindings.get(i);
          if (at.exchange().equals(from) && at.key().equals(each)) {
            found = true;
            bindings.set(
                i, new QueueBinding(at.exchange(), at.exchangeId(), each, at.partitions(), false));
          }
        }
        if (!found) {
          return new Refused<>(
              ErrorCode.UNKNOWN_RESOURCE,
              "queue '" + name + "' is not bound to '" + from + "' by the key '" + each + "'");
        }
      }
      return null;
    }
  }

  /** Whether a topic is the queue's own: what is in it belongs to the queue from the start. */
  private static Predicate<String> isOwn(String name, QueueSettings settings) {
    return topic ->
        topic.equals(QueueImage.inboxOf(name))
            || (settings.deadLetters().owner() != null && topic.equals(name));
  }

  private static Refused<Void> add(
      List<QueueBinding> bindings,
      TopicState topic,
      String exchange,
      List<String> keys,
      Predicate<String> own) {
    if (topic == null || !topic.value().visible()) {
      return new Refused<>(ErrorCode.UNKNOWN_TOPIC, "there is no exchange '" + exchange + "'");
    }
    if (TopicRules.isCompacted(topic.value().configs())) {
      return new Refused<>(
          ErrorCode.INVALID_QUEUE,
          "topic '"
              + exchange
              + "' is compacted (cleanup.policy) and loses records; queues cannot be bound to it");
    }
    Set<String> wanted = new LinkedHashSet<>(keys);
    for (String key : wanted) {
      String problem = BindingKeys.problem(topic.value().type(), key);
      if (problem != null) {
        return new Refused<>(ErrorCode.INVALID_QUEUE, problem);
      }
      if (bindings.stream().anyMatch(each -> each.is(topic.id(), key) && each.active())) {
        continue;
      }
      bindings.removeIf(each -> each.is(topic.id(), key));
      bindings.add(
          new QueueBinding(
              exchange,
              topic.id(),
              key,
              own.test(exchange) ? 0 : topic.value().assignment().size(),
              true));
    }
    long bytes = 0;
    for (QueueBinding each : bindings) {
      bytes += BINDING_BYTES + 3L * (each.exchange().length() + each.key().length());
    }
    if (bindings.size() > MAX_BINDINGS || bytes > MAX_BYTES) {
      return new Refused<>(
          ErrorCode.INVALID_QUEUE,
          "a queue has at most "
              + MAX_BINDINGS
              + " bindings, whose names and keys take at most "
              + MAX_BYTES
              + " bytes; bind it by a pattern, or use several queues");
    }
    return null;
  }

  private static MetadataWrite exists(TopicState topic) {
    return new MetadataWrite.Check(topic.partitionsKey(), MetadataWrite.ANY_VERSION);
  }

  private static <T> Refused<T> unknown(String name) {
    return new Refused<>(ErrorCode.UNKNOWN_QUEUE, "there is no queue '" + name + "'");
  }

  private static <T> Refused<T> unreadable(String name) {
    return new Refused<>(
        ErrorCode.INVALID_REQUEST,
        "the metadata of queue '"
            + name
            + "' is in ZooKeeper but cannot be read; restore or remove its znode first");
  }
}
