package io.tailrace.coordinator.routing;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Matches where binding key and routing key are equal. */
final class DirectMatcher<T> implements BindingMatcher<T> {
  private final Map<String, List<T>> byKey = new HashMap<>();

  @Override
  public void add(String bindingKey, T target) {
    byKey.computeIfAbsent(bindingKey, key -> new ArrayList<>(1)).add(target);
  }

  @Override
  public void remove(String bindingKey, T target) {
    byKey.computeIfPresent(
        bindingKey,
        (key, targets) -> {
          targets.remove(target);
          return targets.isEmpty() ? null : targets;
        });
  }

  @Override
  public void match(String routingKey, Consumer<? super T> found) {
    List<T> targets = byKey.get(routingKey);
    if (targets != null) {
      targets.forEach(found);
    }
  }
}
