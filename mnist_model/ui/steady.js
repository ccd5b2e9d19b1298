// What is shown of the last answers, newest first, so that it does not flicker: of three, the newest whose number was
// read in two of them. One odd frame neither adds a digit nor takes one away; a change shows one frame late. Where no
// two agree the newest is shown, and each of its digits that the one before had not at the same place as unsure.
function steadyAnswer(answers, unsteadySentence) {
  const number = ({ details, read }) => details.slice(0, read).map(({ label, spaced }) => (spaced ? " " : "") + label).join("");
  const agreed = answers.find((one) => answers.filter((other) => number(other) === number(one)).length >= 2);
  if (agreed) return { answer: agreed, steady: number(agreed) === number(answers[0]) };
  const [newest, before] = answers;
  const details = newest.details.map((detail, index) => {
    const digit = index < newest.read;
    const again = before?.details.slice(0, before.read).some((other) => isSame(detail, other));
    return digit && !again ? { ...detail, state: "unsure", confidence: "?" } : detail;
  });
  const state = newest.state === "sure" ? "unsure" : newest.state;
  return { answer: { ...newest, state, details, sentence: unsteadySentence }, steady: false };
}

// The same digit, and the middle of the one in the box of the other.
function isSame(one, other) {
  const [left, top, width, height] = one.box;
  const [x, y] = [other.box[0] + other.box[2] / 2, other.box[1] + other.box[3] / 2];
  return one.label === other.label && left <= x && x <= left + width && top <= y && y <= top + height;
}
