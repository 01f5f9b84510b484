// Random choices that a seed repeats.
export const choices = (seed) => {
  let state = seed >>> 0 || 1;
  const random = (n) => {
    state ^= state << 13; state >>>= 0; state ^= state >>> 17; state ^= state << 5; state >>>= 0;
    return state % n;
  };
  const pick = (list) => list[random(list.length)];
  const chance = (percent) => random(100) < percent;
  const maybe = (make, percent = 50) => (chance(percent) ? make() : "");
  const several = (make, most, separator = " ") => Array.from({ length: 1 + random(most) }, make).join(separator);
  return { random, pick, chance, maybe, several };
};
