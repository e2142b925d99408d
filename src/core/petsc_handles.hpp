#pragma once
// Owners of PETSc objects (core/handle.hpp).

#include <petscdm.h>
#include <petscksp.h>
#include <petsctao.h>

#include "core/handle.hpp"

namespace jpo {

using VecHandle = Handle<Vec, VecDestroy>;
using MatHandle = Handle<Mat, MatDestroy>;
using KspHandle = Handle<KSP, KSPDestroy>;
using IsHandle = Handle<IS, ISDestroy>;
using DmHandle = Handle<DM, DMDestroy>;
using TaoHandle = Handle<Tao, TaoDestroy>;

}  // namespace jpo
